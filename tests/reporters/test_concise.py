"""Tests of the one-line format."""

from __future__ import annotations

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.diagnosis.report import Report, RuleResult, RuleStatus, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.reporters.concise import render
from gradcheck_cli.rules.base import Severity
from tests.histories import make_finding, make_report


def test_a_line_for_each_finding_and_a_count() -> None:
    report = make_report(make_finding(), make_finding("GC401", "overfitting", severity=Severity.WARNING, path=""))
    assert render(report).splitlines() == [
        "configs/example.yaml:1:1: GC101 vanishing-gradient: The gradient fades before it reaches linear_1."
        " It is 1e-06 of what the last layer gets.",
        "configs/example.yaml:1:1: GC401 overfitting: The gradient fades before it reaches linear_1."
        " It is 1e-06 of what the last layer gets.",
        "1 error, 1 warning in 1 config",
    ]


def test_lines_and_columns_come_from_the_document() -> None:
    document = parse_document("data: iris\nmodel:\n  layers:\n    - ReLU\n", source="configs/example.yaml")
    report = make_report(make_finding(path="model.layers[0]"), document=document)
    assert render(report).startswith("configs/example.yaml:4:7: GC101 vanishing-gradient: ")


def test_problems_say_what_is_allowed() -> None:
    problem = Problem(
        "loss", "unknown loss 'CrossEntropy'", "a torch.nn loss", "did you mean 'CrossEntropyLoss'?", 3, 7
    )
    run = RunReport("bad.yaml", "bad", 0, RunStatus.FAILED, errors=(problem,))
    assert render(Report("check", (run,), 2)).splitlines() == [
        "bad.yaml:3:7: GC001 invalid-config: loss: unknown loss 'CrossEntropy'; allowed: a torch.nn loss;"
        " did you mean 'CrossEntropyLoss'?",
        "1 config could not be checked",
    ]


def test_failures_that_no_config_is_to_blame_for_are_told_without_a_rule() -> None:
    crashed = (RuleResult("GC101", "vanishing-gradient", RuleStatus.CRASHED, "KeyError: 'x'"),)
    late = (Problem("", "not done after 5 seconds", is_of_config=False),)
    assert render(make_report(errors=late, rules=crashed)).splitlines()[:2] == [
        "configs/example.yaml: not done after 5 seconds",
        "configs/example.yaml: GC101 vanishing-gradient crashed: KeyError: 'x'",
    ]


def test_a_message_of_two_lines_stays_one() -> None:
    assert len(render(make_report(make_finding(message="one\ntwo\x1b[2J"))).splitlines()) == 2


def test_nothing_found_is_said() -> None:
    assert render(make_report()) == "nothing to report in 1 config\n"
