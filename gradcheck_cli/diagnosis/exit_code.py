"""The exit code of a command, from its runs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from gradcheck_cli.diagnosis.refusal import is_explained
from gradcheck_cli.diagnosis.report import RuleStatus, RunReport
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Finding, Severity

CLEAN = 0
FINDINGS = 1
UNDONE = 2
INTERRUPTED = 130


class FailOn(StrEnum):
    """From which severity on findings fail a build."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


def find_exit_code(runs: Sequence[RunReport], *, fail_on: str = FailOn.ERROR) -> int:
    """130 where a run was interrupted, else 2 where a job could not be done, else 1 where a finding counts, else 0."""
    if any(run.status is RunStatus.INTERRUPTED for run in runs):
        return INTERRUPTED
    if any(_is_undone(run) for run in runs):
        return UNDONE
    left = (finding for run in runs for finding in list_left(run))
    return FINDINGS if any(fails(finding.severity, fail_on) for finding in left) else CLEAN


def list_left(run: RunReport) -> tuple[Finding, ...]:
    """The findings of a run; of one that was fixed, those that are left in the config as proven."""
    return run.findings if run.fix is None or run.fix.chosen is None else run.fix.remaining


def fails(severity: Severity, fail_on: str) -> bool:
    """Whether findings of a severity make the exit code 1."""
    return fail_on != FailOn.NEVER and severity.rank <= Severity(fail_on).rank


def _is_undone(run: RunReport) -> bool:
    """Whether a job failed without a finding that explains it, or a rule of ours crashed."""
    return any(not is_explained(problem, run.findings) for problem in run.errors) or any(
        result.status is RuleStatus.CRASHED for result in run.rules
    )
