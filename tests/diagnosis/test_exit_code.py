from __future__ import annotations

import pytest

from gradcheck_cli.diagnosis.exit_code import find_exit_code
from gradcheck_cli.diagnosis.fix_report import Attempt, FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import RuleResult, RuleStatus, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Safety, Severity
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


ATTEMPT = Attempt(("Use ReLU",), Safety.UNSAFE, "GC101", 1.0, 0.96)


def fixed(*left: Severity) -> FixReport:
    """A config that was fixed, with findings of these severities left in it."""
    remaining = tuple(make_finding(severity=severity) for severity in left)
    return FixReport(FixOutcome.FIXED, cost=3.0, chosen=ATTEMPT, remaining=remaining)


@pytest.mark.parametrize(
    ("left", "fail_on", "code"),
    [
        ((), "error", 0),
        ((), "info", 0),
        ((Severity.WARNING,), "error", 0),
        ((Severity.WARNING,), "warning", 1),
        ((Severity.WARNING, Severity.ERROR), "error", 1),
        ((Severity.ERROR,), "never", 0),
    ],
)
def test_of_a_fixed_config_what_is_left_counts(left: tuple[Severity, ...], fail_on: str, code: int) -> None:
    assert find_exit_code([run(Severity.ERROR, fix=fixed(*left))], fail_on=fail_on) == code


def test_a_config_that_nothing_helped_keeps_its_findings() -> None:
    for fix in (
        FixReport(FixOutcome.NOTHING_WORKED, cost=3.0, best=ATTEMPT),
        FixReport(FixOutcome.NOTHING_WORKED, cost=3.0, withheld=ATTEMPT),
    ):
        assert find_exit_code([run(Severity.ERROR, fix=fix)]) == 1
        assert find_exit_code([run(Severity.WARNING, fix=fix)]) == 0


def test_one_config_that_was_not_fixed_is_enough() -> None:
    assert find_exit_code([run(Severity.ERROR, fix=fixed()), run(Severity.ERROR, fix=fixed(Severity.ERROR))]) == 1


def test_a_network_that_torch_refused_is_clean_once_it_is_fixed() -> None:
    refused = run(Severity.ERROR, status=RunStatus.FAILED, errors=(Problem("model.layers[0]", "refused"),), fix=fixed())
    assert find_exit_code([refused]) == 0


def test_an_interrupted_search_is_an_interruption() -> None:
    assert find_exit_code([run(Severity.ERROR, status=RunStatus.INTERRUPTED, fix=fixed())]) == 130
