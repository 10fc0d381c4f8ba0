"""Tests of SARIF against its schema and against what code scanning asks for beyond it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import Edit, EditOp
from gradcheck_cli.diagnosis.report import Report, RuleResult, RuleStatus
from gradcheck_cli.errors import Problem
from gradcheck_cli.reporters.sarif import render
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Evidence, Safety, Severity
from tests.histories import make_finding, make_fix, make_report
from tests.schemas import SARIF, validate

TEXT = "data: iris\nmodel:\n  layers:\n    - ReLU\noptimizer: {lr: 1}"
DOCUMENT = parse_document(TEXT, source="configs/example.yaml")


def read(report: Report) -> dict[str, Any]:
    """The one run of the log, held against the schema."""
    document = json.loads(render(report), parse_constant=lambda name: pytest.fail(f"bare {name}"))
    validate(document, SARIF)
    (log,) = document["runs"]
    assert isinstance(log, dict)
    return log


def test_a_result_has_what_code_scanning_reads() -> None:
    (result,) = read(make_report(make_finding(), document=DOCUMENT))["results"]
    assert result["ruleId"] == "GC101"
    assert ALL[result["ruleIndex"]].code == "GC101"
    assert result["level"] == "error"
    assert result["message"]["text"].endswith("Layers without gradient stay as they were initialised.")
    assert result["partialFingerprints"] == {"primaryLocationLineHash": "0123456789abcdef"}
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "configs/example.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 4, "startColumn": 7, "endLine": 4, "endColumn": 11}


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")]
)
def test_levels(severity: Severity, level: str) -> None:
    assert read(make_report(make_finding(severity=severity)))["results"][0]["level"] == level


def test_every_rule_has_its_descriptions_and_help() -> None:
    rules = read(make_report())["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in ALL]
    for rule in rules:
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"].startswith(rule["id"])
        assert rule["help"]["markdown"].startswith(f"# {rule['id']}")
        assert len(rule["properties"]["tags"]) <= 20


def test_fixes_are_replacements_of_lines() -> None:
    edits = (Edit(EditOp.INSERT, "model.layers[0]", "Tanh"), Edit(EditOp.SET, "optimizer.lr", 2))
    fixes = (make_fix("Do it", edits=edits, safety=Safety.SAFE), make_fix("Think about it", safety=Safety.ADVICE))
    (result,) = read(make_report(make_finding(fixes=fixes), document=DOCUMENT))["results"]
    (fix,) = result["fixes"]
    assert fix["description"]["text"] == "Do it. Its slope is 1 wherever it is active."
    assert fix["properties"] == {"safety": "safe"}
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "configs/example.yaml", "uriBaseId": "%SRCROOT%"}
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 4, "startColumn": 1, "endLine": 4, "endColumn": 1},
            "insertedContent": {"text": "    - Tanh\n"},
        },
        {
            # The last line has no line break, so that it ends in itself.
            "deletedRegion": {"startLine": 5, "startColumn": 1, "endLine": 5, "endColumn": 19},
            "insertedContent": {"text": "optimizer: {lr: 2}"},
        },
    ]


def test_a_fix_that_does_not_fit_is_left_out() -> None:
    fix = make_fix(edits=(Edit(EditOp.REMOVE, "model.layers[9]"),))
    (result,) = read(make_report(make_finding(fixes=(fix,)), document=DOCUMENT))["results"]
    assert "fixes" not in result


def test_names_become_uris() -> None:
    report = make_report(make_finding(), config="a dir/größe#1%.yaml")
    (result,) = read(report)["results"]
    assert (
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20dir/gr%C3%B6%C3%9Fe%231%25.yaml"
    )


def test_a_file_outside_of_the_repository_has_a_whole_uri(tmp_path: Path) -> None:
    (result,) = read(make_report(make_finding(), config=str(tmp_path / "a b.yaml")))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": (tmp_path / "a b.yaml").as_uri()}


def test_config_errors_are_results() -> None:
    problems = (Problem("loss", "unknown", line=3, column=7), Problem("loss", "odd", line=3, column=7))
    log = read(replace(make_report(errors=problems, document=DOCUMENT), exit_code=2))
    assert [result["ruleId"] for result in log["results"]] == ["GC001", "GC001"]
    hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in log["results"]]
    assert hashes[1] == f"{hashes[0]}:2"
    assert log["invocations"][0]["executionSuccessful"] is False
    assert log["invocations"][0]["exitCode"] == 2


def test_failures_that_are_no_faults_of_the_config_are_notifications() -> None:
    crashed = (RuleResult("GC101", "vanishing-gradient", RuleStatus.CRASHED, "KeyError: 'x'"),)
    late = (Problem("", "not done after 5 seconds", is_of_config=False),)
    log = read(replace(make_report(errors=late, rules=crashed), exit_code=2))
    assert log["results"] == []
    notes = log["invocations"][0]["toolExecutionNotifications"]
    assert [note["descriptor"]["id"] for note in notes] == ["run-failed", "rule-crashed"]


def test_a_run_with_findings_succeeded_as_a_job() -> None:
    assert read(make_report(make_finding()))["invocations"][0]["executionSuccessful"] is True


def test_measured_values_that_are_not_finite_are_strings() -> None:
    finding = make_finding(evidence=(Evidence("loss", float("nan"), None),))
    (result,) = read(make_report(finding))["results"]
    assert result["properties"]["evidence"][0]["value"] == "nan"


def test_without_docstrings_the_summary_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for rule in ALL:
        monkeypatch.setattr(rule, "__doc__", None)
    rules = read(make_report())["tool"]["driver"]["rules"]
    assert [rule["fullDescription"]["text"] for rule in rules] == [rule.summary for rule in ALL]


def test_a_description_that_is_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ALL[1], "__doc__", f"Long.\n\n## What it detects\n{'word ' * 500}")
    text = read(make_report())["tool"]["driver"]["rules"][1]["fullDescription"]["text"]
    assert len(text) == 1024
    assert text.endswith("...")
