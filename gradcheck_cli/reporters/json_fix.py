"""The `fix` of a run and the verdicts on fixes as in the JSON report (contracts §4); it rounds nothing."""

from __future__ import annotations

from typing import Any

from gradcheck_cli.diagnosis.fix_report import Attempt, FixReport
from gradcheck_cli.rules.base import Spread, Verdict


def describe_verdict(verdict: Verdict | None) -> dict[str, Any] | None:
    """What fresh seeds showed; null for a fix that was not put to the proof."""
    if verdict is None:
        return None
    return {
        "outcome": verdict.outcome.value,
        "seeds": verdict.seeds,
        "before": _describe_spread(verdict.before),
        "after": _describe_spread(verdict.after),
        "control": _describe_spread(verdict.control),
        "symptom_gone": verdict.symptom_gone,
        "gain_shown": verdict.gain_shown,
    }


def describe_search(fix: FixReport | None) -> dict[str, Any] | None:
    """What `fix` tried and found; null for other commands."""
    if fix is None:
        return None
    return {
        "outcome": fix.outcome.value,
        "applied": fix.applied,
        "remaining": tuple(dict.fromkeys(finding.rule for finding in fix.remaining)),
        "output": None if fix.output is None else str(fix.output),
        "before": _describe_spread(fix.before),
        "after": _describe_spread(fix.after),
        "validation_loss_before": _describe_spread(fix.validation_loss_before),
        "validation_loss_after": _describe_spread(fix.validation_loss_after),
        "cost": fix.cost,
        "attempts": [_describe_attempt(attempt) for attempt in fix.attempts],
        "withheld": None if fix.withheld is None else fix.withheld.titles,
        "best": None if fix.best is None else fix.best.titles,
        "notes": fix.notes,
    }


def _describe_attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "fixes": attempt.titles,
        "safety": attempt.safety.value,
        "rule": attempt.rule,
        "share": attempt.share,
        "metric": attempt.metric,
        "failed": attempt.failed or None,
        "verdict": describe_verdict(attempt.verdict),
    }


def _describe_spread(spread: Spread | None) -> dict[str, float] | None:
    return None if spread is None else {"mean": spread.mean, "spread": spread.spread}
