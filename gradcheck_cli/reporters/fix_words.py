"""How a search for a fix ended, in words; it draws nothing and knows no format."""

from __future__ import annotations

from gradcheck_cli.diagnosis.fix_report import FixOutcome, FixReport
from gradcheck_cli.reporters.numbers import show_metric
from gradcheck_cli.rules.base import Spread

OUTCOMES = {
    FixOutcome.FIXED: "fixed",
    FixOutcome.IMPROVED: "improved, but not healthy yet",
    FixOutcome.NOTHING_WORKED: "nothing worked",
    FixOutcome.NOTHING_TO_FIX: "nothing to fix",
}


def show_search(fix: FixReport) -> str:
    """One line: the outcome, what was applied, and the metric before and after."""
    if fix.chosen is not None:
        return f"{OUTCOMES[fix.outcome]}: {show_titles(fix.applied)} ({show_change(fix.before, fix.after)})"
    if fix.withheld is not None:
        return f"{OUTCOMES[fix.outcome]} among the safe fixes; with --unsafe-fixes: {show_titles(fix.withheld.titles)}"
    return OUTCOMES[fix.outcome]


def show_titles(titles: tuple[str, ...]) -> str:
    """What was done, in order."""
    return "; then: ".join(titles)


def show_change(before: Spread | None, after: Spread | None) -> str:
    """`0.100 ± 0.000 to 0.951 ± 0.008`."""
    return f"{show_spread(before)} to {show_spread(after)}"


def show_spread(spread: Spread | None) -> str:
    """Mean and standard deviation over the seeds."""
    return "unknown" if spread is None else f"{show_metric(spread.mean)} ± {show_metric(spread.spread)}"
