"""Judges a repaired config by training it anew, as the corpus's `score.py --fix` does; it repairs none."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.fixing.trials import Result, Trial, Trials
from gradcheck_cli.fixing.verdict import TOLERANCE, stand_in
from tests.benchmarks.fix_cases import FixCase
from tests.benchmarks.remedy import Remedy

JUDGING_SEEDS = (1001, 1002, 1003)
"""Which no search and no proof has used. Source: `score.py` of the corpus."""


@dataclass(frozen=True)
class Judged:
    """What a remedy is worth.

    Attributes:
        fixed: The mean metric reaches the target; of overfitting, and most of the runs show no error.
        worse: It is clearly below that of the original on the same seeds, or unknown where that is known.
        before, after: Mean metrics of the original and of the repaired config; None where unknown or not trained.
    """

    case: FixCase
    remedy: Remedy
    fixed: bool = False
    worse: bool = False
    before: float | None = None
    after: float | None = None


def judge_remedy(case: FixCase, remedy: Remedy, trials: Trials, *, original: str) -> Judged:
    """Train the repaired config and the original on seeds of their own; nothing where nothing was applied.

    Args:
        trials: Of whole runs that are never stopped early; their cost is nobody's.
        original: Text of the config as it was.
    """
    if remedy.text is None:
        return Judged(case, remedy)
    results, originals = _train(trials, remedy.text), _train(trials, original)
    after = _mean([result.metric for result in results])
    before = _mean([stand_in(one, other) for one, other in zip(originals, results, strict=True)])
    reached = after is not None and after >= case.target
    return Judged(
        case,
        remedy,
        fixed=reached and (not case.is_overfitting or 2 * sum(bool(one.errors) for one in results) < len(results)),
        worse=before is not None and (after is None or after < before - TOLERANCE),
        before=before,
        after=after,
    )


def _train(trials: Trials, text: str) -> list[Result]:
    runs = [Trial(text, seed) for seed in JUDGING_SEEDS]
    return trials.run(runs, labels=[f"seed {seed}" for seed in JUDGING_SEEDS], stage="judging")


def _mean(values: Sequence[float]) -> float | None:
    """The mean; None where a value is unknown."""
    return statistics.mean(values) if all(map(math.isfinite, values)) else None
