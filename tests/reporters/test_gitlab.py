"""Tests of the Code Quality report."""

from __future__ import annotations

import json

import pytest

from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.reporters.gitlab import render
from gradcheck_cli.rules.base import Severity
from tests.histories import make_finding, make_report
from tests.schemas import GITLAB, validate


def test_an_issue_has_what_gitlab_reads() -> None:
    issues = json.loads(render(make_report(make_finding())))
    validate(issues, GITLAB)
    assert issues == [
        {
            "description": "GC101 vanishing-gradient: The gradient fades before it reaches linear_1."
            " It is 1e-06 of what the last layer gets.",
            "check_name": "GC101 vanishing-gradient",
            "fingerprint": "0123456789abcdef",
            "severity": "critical",
            "location": {"path": "configs/example.yaml", "lines": {"begin": 1, "end": 1}},
        }
    ]


@pytest.mark.parametrize(
    ("severity", "expected"), [(Severity.ERROR, "critical"), (Severity.WARNING, "minor"), (Severity.INFO, "info")]
)
def test_severities(severity: Severity, expected: str) -> None:
    assert json.loads(render(make_report(make_finding(severity=severity))))[0]["severity"] == expected


def test_what_could_not_be_done_blocks() -> None:
    run = RunReport("a.yaml", "a", 0, RunStatus.FAILED, errors=(Problem("", "late\n", is_of_config=False),))
    issues = json.loads(render(Report("check", (run,), 2)))
    validate(issues, GITLAB)
    assert [(issue["severity"], issue["check_name"]) for issue in issues] == [("blocker", "run-failed")]


def test_nothing_found_is_an_empty_list() -> None:
    assert render(make_report()) == "[]\n"
