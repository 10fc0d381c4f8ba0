"""What the search for a fix of one config showed, in plain words; it draws nothing."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck_cli.diagnosis.fix_report import Attempt, FixReport
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.reporters.numbers import show_count, show_metric
from gradcheck_cli.reporters.verdict_text import describe_ending, show_metric_name
from gradcheck_cli.rules.base import Finding, Spread, Verdict


def describe_search(run: RunReport, fix: FixReport) -> str:
    """How it ended in one line, with the change that was chosen and what it brought."""
    ending = describe_ending(run, fix)
    if fix.chosen is None or fix.chosen.verdict is None:
        return ending
    return f"{ending}: {name_attempt(fix.chosen)}: {name_metric(run)} {show_change(fix.chosen.verdict)}"


def name_attempt(attempt: Attempt) -> str:
    """`Use He initialisation; then: Clip gradients [safe]`."""
    return f"{show_titles(attempt)} [{attempt.safety.value}]"


def show_titles(attempt: Attempt) -> str:
    """The fixes of an attempt in their order."""
    return "; then: ".join(attempt.titles)


def name_best(run: RunReport, attempt: Attempt) -> str:
    """How far the best attempt came, where none was proven."""
    share = "" if attempt.share >= 1 else f" after {show_share(attempt)} of a run"
    return f"{name_metric(run)} {show_metric(attempt.metric)}{share}, not proven"


def show_share(attempt: Attempt) -> str:
    """The part of a whole run for which it was trained: `1/8`."""
    return f"1/{round(1 / attempt.share)}"


def describe_proof(run: RunReport, fix: FixReport, verdict: Verdict) -> str:
    """What the proof showed: the metric before and after, what is left, and the cost."""
    seeds = f"on {show_count(verdict.seeds, 'fresh seed')}"
    parts = [f"{name_metric(run)} {show_change(verdict)} {seeds}"]
    if fix.chosen is not None and run.findings and run.findings[0].rule == "GC401":
        before, after = fix.validation_loss_before, fix.validation_loss_after
        parts.append(f"final validation loss {_show_spread(before)} to {_show_spread(after)}")
    parts.append(_describe_left(run.findings, fix.remaining, gone=verdict.symptom_gone))
    return f"{'; '.join(parts)}. {describe_cost(fix)}"


def _describe_left(findings: Sequence[Finding], remaining: Sequence[Finding], *, gone: bool) -> str:
    if remaining:
        names = ", ".join(dict.fromkeys(f"{finding.rule} {finding.name}" for finding in remaining))
        return f"still there: {names}"
    return f"{findings[0].rule} is gone" if gone and findings else "the finding is not gone on every seed"


def show_change(verdict: Verdict) -> str:
    """`0.312 ± 0.02 to 0.967 ± 0.01`."""
    control = verdict.control if verdict.control != verdict.before else None
    longer = f" (as long without it {_show_spread(control)})" if control is not None else ""
    return f"{_show_spread(verdict.before)} to {_show_spread(verdict.after)}{longer}"


def _show_spread(spread: Spread | None) -> str:
    if spread is None:
        return "unknown"
    return f"{show_metric(spread.mean)} ± {show_metric(spread.spread)}"


def name_metric(run: RunReport) -> str:
    """The run's metric in words."""
    outcome = run.history.outcome if run.history is not None else None
    return show_metric_name(outcome.metric_name) if outcome is not None else "metric"


def describe_cost(fix: FixReport) -> str:
    """What the search took."""
    return f"It took {fix.cost:.1f} full runs."
