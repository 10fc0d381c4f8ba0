"""Many candidates on one seed: short runs for all, whole ones for the best (successive halving); it proves nothing.

Source: Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.fixing.candidates import Candidate
from gradcheck_cli.fixing.target import Target
from gradcheck_cli.fixing.trials import Result, Trial, Trials
from gradcheck_cli.fixing.verdict import TOLERANCE
from gradcheck_cli.rules.base import Safety

SHORT = 0.25
"""Share of a run after which candidates are compared for the first time."""
MOST_ENTRANTS = 8
MOST_AT_ONCE = 2
"""Whole runs between two looks at whether one of them is good enough."""
CLEAR_LEAD = 0.1
"""Units of the metric by which the best short run must lead to be run alone."""
NEAR_REFERENCE = 0.02
"""Units of the metric below the best cheap reference within which a config leaves nothing to be wished for."""


@dataclass(frozen=True)
class Entrant:
    """A candidate and its run on the search seed, short or whole."""

    candidate: Candidate
    result: Result
    share: float


def run_short(trials: Trials, candidates: Sequence[Candidate], *, seed: int) -> list[Entrant]:
    """Train each for a part of its run; the most promising first."""
    return sort_entrants(enter(trials, candidates, seed=seed, share=SHORT, stage="short run"))


def enter(
    trials: Trials, candidates: Sequence[Candidate], *, seed: int, share: float = 1.0, stage: str
) -> list[Entrant]:
    """Train each on the search seed."""
    runs = [Trial(candidate.text, seed, share) for candidate in candidates]
    labels = [candidate.titles[-1] for candidate in candidates]
    results = trials.run(runs, labels=labels, stage=stage)
    return [Entrant(candidate, result, share) for candidate, result in zip(candidates, results, strict=True)]


def sort_entrants(entrants: Sequence[Entrant], target: Target | None = None) -> list[Entrant]:
    """Best first: those that meet the target, then by metric; of equals a safe one, then fewer fixes, then that of a cause.

    Equal are those within the tolerance of the best that is left, so that the order does not hang on noise.
    """
    left, ordered = list(entrants), []
    while left:
        group = [e for e in left if _meets(e, target)] or left
        best = max(value_of(entrant) for entrant in group)
        equal = [entrant for entrant in group if value_of(entrant) >= best - TOLERANCE]
        chosen = min(equal, key=_preference)
        ordered.append(chosen)
        left.remove(chosen)
    return ordered


def _preference(entrant: Entrant) -> tuple[bool, int, int]:
    candidate = entrant.candidate
    return candidate.safety is Safety.UNSAFE, len(candidate.fixes), candidate.place


def value_of(entrant: Entrant) -> float:
    """The metric; below all others where the run failed or has none."""
    metric = entrant.result.metric
    return metric if math.isfinite(metric) else -math.inf


def leads_clearly(ordered: Sequence[Entrant]) -> bool:
    """Whether the first of several is far ahead."""
    return len(ordered) < 2 or value_of(ordered[0]) >= value_of(ordered[1]) + CLEAR_LEAD


def is_good_enough(result: Result, target: Target) -> bool:
    """Whether a whole run leaves nothing to look for: the target is met, and no cheap reference is better."""
    reference = result.reference
    near = not math.isfinite(reference) or result.metric >= reference - NEAR_REFERENCE
    return target.is_met(result) and not result.harmed and near


def _meets(entrant: Entrant, target: Target | None) -> bool:
    return target is not None and target.is_met(entrant.result)
