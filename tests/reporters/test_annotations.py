"""Tests of findings and problems as notes on lines."""

from __future__ import annotations

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.diagnosis.report import Report, RuleResult, RuleStatus, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.reporters.annotations import annotate, rank_annotations
from gradcheck_cli.rules.base import Severity
from tests.histories import make_finding, make_report

TEXT = "data: iris\nmodel:\n  layers:\n    - ReLU\n    - type: Linear\n      out_features: 3\n"
DOCUMENT = parse_document(TEXT, source="configs/example.yaml")


def failed(*problems: Problem, **fields: object) -> Report:
    run = RunReport("bad.yaml", "bad", 0, RunStatus.FAILED, errors=problems, **fields)  # type: ignore[arg-type]
    return Report("check", (run,), 2)


def test_a_finding_covers_what_it_is_about() -> None:
    (note,) = annotate(make_report(make_finding(path="model.layers[1]"), document=DOCUMENT))
    assert (note.label, note.severity, note.fingerprint) == ("GC101 vanishing-gradient", "error", "0123456789abcdef")
    assert note.region == (5, 7, 6, 22)


def test_a_finding_on_the_whole_run_stands_at_the_first_line() -> None:
    (note,) = annotate(make_report(make_finding(path=""), document=DOCUMENT))
    assert note.region == (1, 1, 1, 11)


def test_a_run_without_a_file_has_a_place_all_the_same() -> None:
    (note,) = annotate(make_report(make_finding()))
    assert note.region == (1, 1, 1, 1)


def test_a_problem_covers_its_value_or_the_rest_of_its_line() -> None:
    at_value = Problem("model.layers[1].out_features", "unknown", line=6, column=21)
    at_key = Problem("model.layers[1].out_features", "unknown", line=6, column=7)
    notes = annotate(failed(at_value, at_key, document=DOCUMENT))
    assert [note.region for note in notes] == [(6, 21, 6, 22), (6, 7, 6, 22)]
    assert {note.code for note in notes} == {"GC001"}


def test_a_problem_behind_the_end_of_the_file_still_has_a_region() -> None:
    (note,) = annotate(failed(Problem("", "reading stopped", line=99, column=5)))
    assert note.region == (99, 5, 99, 5)


def test_a_failure_that_no_config_is_to_blame_for_has_no_code() -> None:
    (note,) = annotate(failed(Problem("", "time is up", is_of_config=False)))
    assert (note.code, note.name, note.label) == ("", "run-failed", "run-failed")


def test_a_rule_that_crashed_is_told() -> None:
    crashed = (RuleResult("GC101", "vanishing-gradient", RuleStatus.CRASHED, "KeyError: 'x'"),)
    (note,) = annotate(make_report(rules=crashed))
    assert (note.name, note.severity) == ("rule-crashed", Severity.ERROR)
    assert "GC101 vanishing-gradient crashed: KeyError: 'x'" in note.message


def test_equal_fingerprints_are_told_apart() -> None:
    notes = annotate(make_report(make_finding(), make_finding(), make_finding(fingerprint="other"), make_finding()))
    assert [note.fingerprint for note in notes] == [
        "0123456789abcdef",
        "0123456789abcdef:2",
        "other",
        "0123456789abcdef:3",
    ]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (Problem("model.layers[1].type", "a"), Problem("model.layers[7].type", "b"), True),
        (Problem("model.layers[1].type", "a"), Problem("model.layers[1].name", "a"), False),
        (Problem("", "stopped in line 4"), Problem("", "stopped in line 5"), True),
        (Problem("", "a"), Problem("", "a", is_of_config=False), False),
    ],
)
def test_fingerprints_of_problems_hold_no_index_and_no_number(one: Problem, other: Problem, equal: bool) -> None:
    (first,), (second,) = annotate(failed(one)), annotate(failed(other))
    assert (first.fingerprint == second.fingerprint) is equal


def test_worst_first_and_equals_in_order() -> None:
    severities = [Severity.INFO, Severity.ERROR, Severity.WARNING, Severity.ERROR]
    findings = [make_finding(severity=severity, fingerprint=str(n)) for n, severity in enumerate(severities)]
    ranked = rank_annotations(annotate(make_report(*findings)))
    assert [note.fingerprint for note in ranked] == ["1", "3", "2", "0"]
