"""How a run ended, in a few plain words; it draws nothing."""

from __future__ import annotations

from gradcheck_cli.diagnosis.fix_report import FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.recording.history import Outcome, RunStatus
from gradcheck_cli.reporters.numbers import show_count, show_metric
from gradcheck_cli.reporters.roots import group_by_root
from gradcheck_cli.rules.base import Severity

_ENDINGS = {
    FixOutcome.FIXED: "fixed",
    FixOutcome.IMPROVED: "improved, but not healthy yet",
    FixOutcome.NOTHING_WORKED: "nothing worked",
    FixOutcome.NOTHING_TO_FIX: "nothing to fix",
}
_INTERRUPTED = "interrupted"
_OUT_OF_TIME = "out of time"
_METRIC_NAMES = {"balanced_accuracy": "balanced accuracy", "r2": "R2"}


def describe_outcome(run: RunReport) -> str:
    """`vanishing-gradient and 2 more`, `3 problems` or `nothing to report`; with how a search for a fix ended."""
    ending = "" if run.fix is None else f"; {describe_ending(run, run.fix)}"
    if run.errors:
        return f"{show_count(len(run.errors), 'problem')}{ending}"
    roots = group_by_root(run.findings)
    more = f" and {len(roots) - 1} more" if len(roots) > 1 else ""
    return f"{roots[0].finding.name}{more}{ending}" if roots else "nothing to report"


def describe_ending(run: RunReport, fix: FixReport) -> str:
    """`fixed`, `nothing worked among the safe fixes`, or how the search was broken off without a result."""
    if fix.outcome is not FixOutcome.NOTHING_WORKED:
        return _ENDINGS[fix.outcome]
    ended = _INTERRUPTED if run.status is RunStatus.INTERRUPTED else _ENDINGS[fix.outcome]
    if any(not problem.is_of_config for problem in run.errors):
        ended = _OUT_OF_TIME
    return f"{ended} among the safe fixes" if fix.withheld is not None else ended


def find_severity(run: RunReport) -> Severity | None:
    """The gravest of what is to be said; None where nothing is."""
    return Severity.ERROR if run.errors else run.findings[0].severity if run.findings else None


def describe_metric(outcome: Outcome) -> str:
    """`balanced accuracy 0.912`."""
    return f"{show_metric_name(outcome.metric_name)} {show_metric(outcome.value)}"


def show_metric_name(name: str) -> str:
    """A metric's name in words."""
    return _METRIC_NAMES.get(name, name)
