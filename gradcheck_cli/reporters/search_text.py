"""What the search for a fix of one config showed, in plain words; it draws nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradcheck_cli.diagnosis.fix_report import Attempt, FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.reporters.numbers import show_count, show_metric
from gradcheck_cli.reporters.verdict_text import describe_ending, show_metric_name
from gradcheck_cli.rules.base import Finding, Spread, Verdict, VerdictOutcome

PLUS_MINUS = "+-"
"""For formats whose encoding is not known; a page has its own sign."""


def describe_search(run: RunReport, fix: FixReport) -> str:
    """How it ended in one line, with the changes that were chosen or withheld, and what they brought."""
    parts = [describe_ending(run, fix)]
    if fix.chosen is not None and fix.chosen.verdict is not None:
        change = show_change(fix.chosen.verdict)
        parts[0] += f": {name_attempt(fix.chosen)}: {name_metric(run)} {change}"
    if fix.withheld is not None and fix.withheld.verdict is not None:
        change = show_change(fix.withheld.verdict)
        parts.append(f"with --unsafe-fixes: {show_titles(fix.withheld)}: {name_metric(run)} {change}")
    return "; ".join(parts)


def name_attempt(attempt: Attempt) -> str:
    """`Use He initialisation; then: Clip gradients [safe]`."""
    return f"{show_titles(attempt)} [{attempt.safety.value}]"


def show_titles(attempt: Attempt) -> str:
    """The fixes of an attempt in their order."""
    return "; then: ".join(attempt.titles)


def name_best(run: RunReport, attempt: Attempt) -> str:
    """How far the best attempt came, where none was proven."""
    share = "" if attempt.share >= 1 else f" after {show_share(attempt)} of a run"
    proof = "not proven" if attempt.verdict is None else "which fresh seeds did not confirm"
    return f"{name_metric(run)} {show_metric(attempt.metric)}{share}, {proof}"


def show_share(attempt: Attempt) -> str:
    """The part of a whole run for which it was trained: `1/8`."""
    return f"1/{round(1 / attempt.share)}"


def describe_proof(run: RunReport, fix: FixReport, attempt: Attempt, *, sign: str = PLUS_MINUS) -> str:
    """What the proof of an attempt showed: the metric before and after, and what is left."""
    verdict = attempt.verdict
    if verdict is None:
        return ""
    seeds = f"on {show_count(verdict.seeds, 'fresh seed')}"
    parts = [f"{name_metric(run)} {show_change(verdict, sign=sign)} {seeds}"]
    if attempt is fix.chosen and run.findings and run.findings[0].rule == "GC401":
        before, after = (_show_spread(s, sign=sign) for s in (fix.validation_loss_before, fix.validation_loss_after))
        parts.append(f"final validation loss {before} to {after}")
    remaining = fix.remaining if attempt is fix.chosen else ()
    parts.append(_describe_left(run.findings, remaining, gone=verdict.symptom_gone))
    return f"{'; '.join(parts)}."


def _describe_left(findings: Sequence[Finding], remaining: Sequence[Finding], *, gone: bool) -> str:
    if remaining:
        names = ", ".join(dict.fromkeys(f"{finding.rule} {finding.name}" for finding in remaining))
        return f"still there: {names}"
    return f"{findings[0].rule} is gone" if gone and findings else "the finding is not gone on every seed"


def show_change(verdict: Verdict, *, sign: str = PLUS_MINUS) -> str:
    """`0.312 +- 0.02 to 0.967 +- 0.01`; the mean and the standard deviation over the fresh seeds."""
    control = verdict.control if verdict.control != verdict.before else None
    longer = f" (as long without it {_show_spread(control, sign=sign)})" if control is not None else ""
    before, after = (_show_spread(spread, sign=sign) for spread in (verdict.before, verdict.after))
    return f"{before} to {after}{longer}"


def _show_spread(spread: Spread | None, *, sign: str) -> str:
    if spread is None:
        return "unknown"
    return f"{show_metric(spread.mean)} {sign} {show_metric(spread.spread)}"


def show_verdict(attempt: Attempt, fix: FixReport) -> str:
    """What fresh seeds say of an attempt, in the words in which the whole search ended where it is the chosen one."""
    if attempt.verdict is None:
        return ""
    partly = attempt.verdict.gain_shown and attempt.verdict.outcome is not VerdictOutcome.FIXED
    is_left = attempt is fix.chosen and fix.outcome is FixOutcome.IMPROVED
    return "improved" if partly or is_left else attempt.verdict.outcome.value


def name_metric(run: RunReport) -> str:
    """The run's metric in words."""
    outcome = run.history.outcome if run.history is not None else None
    return show_metric_name(outcome.metric_name) if outcome is not None else "metric"


def describe_cost(fix: FixReport) -> str:
    """What the search took."""
    of = f" of {fix.budget:g}" if math.isfinite(fix.budget) else ""
    return f"It took {fix.cost:.1f}{of} full runs."
