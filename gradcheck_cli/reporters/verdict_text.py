"""How a run ended, in a few plain words; it draws nothing."""

from __future__ import annotations

from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.recording.history import Outcome
from gradcheck_cli.reporters.numbers import show_count, show_metric
from gradcheck_cli.reporters.roots import group_by_root
from gradcheck_cli.rules.base import Severity

_METRIC_NAMES = {"balanced_accuracy": "balanced accuracy", "r2": "R2"}


def describe_outcome(run: RunReport) -> str:
    """`vanishing-gradient and 2 more`, `3 problems` or `nothing to report`."""
    if run.errors:
        return show_count(len(run.errors), "problem")
    roots = group_by_root(run.findings)
    more = f" and {len(roots) - 1} more" if len(roots) > 1 else ""
    return f"{roots[0].finding.name}{more}" if roots else "nothing to report"


def find_severity(run: RunReport) -> Severity | None:
    """The gravest of what is to be said; None where nothing is."""
    return Severity.ERROR if run.errors else run.findings[0].severity if run.findings else None


def describe_metric(outcome: Outcome) -> str:
    """`balanced accuracy 0.912`."""
    return f"{show_metric_name(outcome.metric_name)} {show_metric(outcome.value)}"


def show_metric_name(name: str) -> str:
    """A metric's name in words."""
    return _METRIC_NAMES.get(name, name)
