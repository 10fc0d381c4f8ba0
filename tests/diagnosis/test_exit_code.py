from __future__ import annotations

import pytest

from gradcheck_cli.diagnosis.exit_code import find_exit_code
from gradcheck_cli.diagnosis.report import RuleResult, RuleStatus, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Severity
from tests.histories import make_finding, make_report


def run(*severities: Severity, **fields: object) -> RunReport:
    findings = [make_finding(severity=severity) for severity in severities]
    return make_report(*findings, **fields).runs[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("severity", "fail_on", "code"),
    [
        (Severity.ERROR, "error", 1),
        (Severity.WARNING, "error", 0),
        (Severity.WARNING, "warning", 1),
        (Severity.INFO, "warning", 0),
        (Severity.INFO, "info", 1),
        (Severity.ERROR, "never", 0),
    ],
)
def test_findings_at_or_above_the_limit(severity: Severity, fail_on: str, code: int) -> None:
    assert find_exit_code([run(severity)], fail_on=fail_on) == code


def test_nothing_found_is_clean() -> None:
    assert find_exit_code([run()]) == 0


def test_what_could_not_be_done_wins_over_findings() -> None:
    failed = run(status=RunStatus.FAILED, errors=(Problem("data", "no such file"),))
    assert find_exit_code([run(Severity.ERROR), failed]) == 2
    assert find_exit_code([failed], fail_on="never") == 2


def test_refusal_that_a_finding_explains_is_a_finding() -> None:
    refused = {"status": RunStatus.FAILED, "errors": (Problem("model.layers[0]", "refused"),)}
    assert find_exit_code([run(Severity.ERROR, **refused)]) == 1
    assert find_exit_code([run(Severity.WARNING, **refused)]) == 2


def test_crash_of_ours_is_not_passed_over() -> None:
    crashed = (RuleResult("GC101", "vanishing-gradient", RuleStatus.CRASHED, "ValueError"),)
    assert find_exit_code([run(rules=crashed)]) == 2


def test_interruption_wins_over_everything() -> None:
    failed = run(errors=(Problem("data", "no such file"),))
    assert find_exit_code([failed, run(Severity.ERROR, status=RunStatus.INTERRUPTED)]) == 130
