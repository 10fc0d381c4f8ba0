"""Whether runs on fresh seeds prove a fix (design 4 §3); it trains nothing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

from gradcheck_cli.fixing.target import SHARE_OF_RISE, Target
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.rules.base import Spread, Verdict, VerdictOutcome

LEAST_GAIN = 0.02
"""Units of the metric: a mean gain below it is none (design 4 §3)."""
SHARE_OF_GAP = 0.25
"""Share of the gap between the original and the best cheap reference that a fix must close."""
TOLERANCE = 0.01
"""Units of the metric by which a config may be lower on the mean and still count as no worse."""


def judge_proof(
    target: Target, *, before: Sequence[Result], after: Sequence[Result], control: Sequence[Result] = ()
) -> Verdict:
    """Compare a config with the original, seed by seed.

    Args:
        before, after: One result a seed, in the same order.
        control: The original with as many steps as the config takes; empty where that takes no more than the original.
    """
    pairs = list(zip(control or before, after, strict=True))
    is_gone = all(target.is_gone(result) for result in after)
    # As with several seeds of `check`, an error counts where at least half of them show it.
    adds = 2 * sum(target.adds_errors(result) for result in after) >= len(after)
    gains = [gain for original, result in pairs if math.isfinite(gain := find_gain(original, result))]
    is_better = _is_better(target, pairs, gains)
    failed = any(result.failed for result in after)
    if failed:
        outcome = VerdictOutcome.FAILED
    elif gains and statistics.mean(gains) < -TOLERANCE and not _is_blind(target, pairs):
        outcome = VerdictOutcome.WORSE
    else:
        outcome = VerdictOutcome.FIXED if is_gone and is_better and not adds else VerdictOutcome.NO_EFFECT
    return Verdict(
        outcome=outcome,
        seeds=len(after),
        before=spread_of(stand_in(original, result) for original, result in zip(before, after, strict=True)),
        after=spread_of(result.metric for result in after),
        control=spread_of(stand_in(original, result) for original, result in pairs),
        symptom_gone=is_gone,
        gain_shown=is_better and not adds and not failed,
    )


def judge_failure(target: Target, after: Sequence[Result]) -> Verdict:
    """The verdict on a config that was given up before the original was run on the same seeds."""
    failed = any(result.failed for result in after)
    return Verdict(
        outcome=VerdictOutcome.FAILED if failed else VerdictOutcome.NO_EFFECT,
        seeds=len(after),
        before=None,
        after=spread_of(result.metric for result in after),
        control=None,
        symptom_gone=all(target.is_gone(result) for result in after),
        gain_shown=False,
    )


def is_noisy(target: Target, before: Sequence[Result], after: Sequence[Result]) -> bool:
    """Whether more seeds could decide: the metric is better on the mean, but varies by more than that."""
    pairs = list(zip(before, after, strict=True))
    gains = [find_gain(original, result) for original, result in pairs]
    if target.by_loss or not target.needs_gain or not gains or not all(map(math.isfinite, gains)):
        return False
    return statistics.mean(gains) >= LEAST_GAIN and _is_unsure(gains, _find_least_gain(pairs))


def find_gain(original: Result, result: Result) -> float:
    """Metric of a run over that of the original with the same seed; NaN where one is unknown."""
    return result.metric - stand_in(original, result)


def stand_in(original: Result, result: Result) -> float:
    """Metric of the original; that of the trivial predictor for one that torch refused, or that ended as NaN or Inf."""
    if not original.failed:
        return original.metric
    return original.trivial if math.isfinite(original.trivial) else result.trivial


def spread_of(values: Iterable[float]) -> Spread | None:
    """Mean and sample standard deviation; None where a value is unknown."""
    known = list(values)
    if not known or not all(map(math.isfinite, known)):
        return None
    return Spread(statistics.mean(known), statistics.stdev(known) if len(known) > 1 else 0.0)


def _is_better(target: Target, pairs: Sequence[tuple[Result, Result]], gains: Sequence[float]) -> bool:
    if _is_blind(target, pairs):
        return not any(result.harmed for _, result in pairs)
    if len(gains) < len(pairs):
        # Without a metric for both, a network in place of none is better, and an unharmed one is not worse.
        return all(original.failed for original, _ in pairs) or not target.harmed
    mean = statistics.mean(gains)
    if target.by_loss:
        return mean >= -TOLERANCE and _undoes_rise(pairs)
    if not target.needs_gain:
        return mean >= -TOLERANCE
    least = _find_least_gain(pairs)
    return min(gains) > 0 and mean >= least and not _is_unsure(gains, least)


def _find_least_gain(pairs: Sequence[tuple[Result, Result]]) -> float:
    gaps = [result.reference - stand_in(original, result) for original, result in pairs]
    gap = statistics.mean(gaps) if all(map(math.isfinite, gaps)) else 0.0
    return max(LEAST_GAIN, SHARE_OF_GAP * gap)


def _is_unsure(gains: Sequence[float], least: float) -> bool:
    """Whether gains vary by more than their mean.

    A broken original may end anywhere: where each seed by itself gains enough, their spread is no doubt.
    """
    return min(gains) < least and len(gains) > 1 and statistics.stdev(gains) > statistics.mean(gains)


def _undoes_rise(pairs: Sequence[tuple[Result, Result]]) -> bool:
    rise = statistics.mean(original.validation_loss - original.best_validation_loss for original, _ in pairs)
    fall = statistics.mean(original.validation_loss - result.validation_loss for original, result in pairs)
    return fall >= SHARE_OF_RISE * rise


def _is_blind(target: Target, pairs: Sequence[tuple[Result, Result]]) -> bool:
    """Whether the metrics cannot be compared, because the config is validated on other rows than the original."""
    return not target.refused and any(
        original.rows[1] != result.rows[1] and not original.failed for original, result in pairs
    )
