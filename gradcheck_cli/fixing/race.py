"""Many candidates on one seed: short runs for all, whole ones for the best (successive halving); it proves nothing.

Source: Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from gradcheck_cli.fixing.candidates import Candidate
from gradcheck_cli.fixing.target import Target
from gradcheck_cli.fixing.trials import Result, Trial, Trials
from gradcheck_cli.fixing.verdict import TOLERANCE
from gradcheck_cli.rules.base import Safety
from gradcheck_cli.rules.standing import margin

SHORT = 0.25
"""Share of a run after which candidates are compared for the first time."""
MOST_ENTRANTS = 8
CLEAR_LEAD = 0.1
"""Units of the metric by which the best short run must lead to be run alone."""
CAUSE_GONE = 0.1
"""Units of the metric for which a whole run may lie behind another that leaves the finding where it is."""
NOTHING_LEFT = 0.05
"""The same for one without errors beside one with them, which on small data may differ by a few rows."""
NEAR_REFERENCE = 0.5
"""Share of the margin of harm (contracts §3) below the best cheap reference within which a config is good enough."""
STILL_FALLING = 0.04
"""A fall of the training loss in as many steps again, in units of the trivial loss, that is worth having."""


@dataclass(frozen=True)
class Entrant:
    """A candidate and its run on the search seed, short or whole."""

    candidate: Candidate
    result: Result
    share: float


def enter(
    trials: Trials,
    candidates: Sequence[Candidate],
    *,
    seed: int,
    share: float = 1.0,
    on_entrant: Callable[[Entrant], None],
) -> list[Entrant]:
    """Train each on the search seed, for a share of its run.

    Args:
        on_entrant: Told of each as soon as it has run.
    """
    by_run = {Trial(candidate.text, seed, share): candidate for candidate in candidates}
    results = trials.run(
        list(by_run),
        labels=["; then: ".join(candidate.titles) for candidate in candidates],
        stage="short run" if share < 1 else "whole run",
        on_result=lambda trial, result: on_entrant(Entrant(by_run[trial], result, share)),
    )
    return [Entrant(candidate, result, share) for candidate, result in zip(candidates, results, strict=True)]


def sort_entrants(entrants: Sequence[Entrant], target: Target | None = None) -> list[Entrant]:
    """Best first: by metric and by what is left to be found; of equals a safe one, fewer fixes, the cause's.

    Equal are those within the tolerance of the best that is left (of short runs: within its standard error), so that
    the order does not hang on noise.

    Args:
        target: For whole runs. Short ones are not judged; equals among them, which may not have begun to learn, keep
            the order in which the rules suggest them.
    """
    left, ordered = list(entrants), []
    while left:
        best = max(left, key=lambda entrant: _weigh(entrant, target))
        least = _weigh(best, target) - (TOLERANCE if target is not None else _noise(best))
        equal = [entrant for entrant in left if _weigh(entrant, target) >= least]
        chosen = min(equal, key=_place if target is None else partial(_preference, target=target))
        ordered.append(chosen)
        left.remove(chosen)
    return ordered


def _noise(entrant: Entrant) -> float:
    """A difference in the metric that the number of validation rows cannot tell from none."""
    error = entrant.result.outcome.standard_error if entrant.result.outcome is not None else math.nan
    return max(TOLERANCE, error) if math.isfinite(error) else TOLERANCE


def _weigh(entrant: Entrant, target: Target | None) -> float:
    """The metric, and what it is worth that the cause is gone, and that nothing grave is left."""
    value = value_of(entrant)
    if target is None:
        return value
    return value + CAUSE_GONE * target.is_absent(entrant.result) + NOTHING_LEFT * target.is_done(entrant.result)


def _preference(entrant: Entrant, target: Target) -> tuple[bool, int, bool, float]:
    candidate = entrant.candidate
    is_general = bool(candidate.rules) and candidate.rules[-1] != target.rule
    return candidate.safety is Safety.UNSAFE, len(candidate.fixes), is_general, -value_of(entrant)


def _place(entrant: Entrant) -> int:
    return entrant.candidate.place


def value_of(entrant: Entrant) -> float:
    """The metric; below all others where the run failed or has none."""
    metric = entrant.result.metric
    return metric if math.isfinite(metric) else -math.inf


def leads_clearly(ordered: Sequence[Entrant]) -> bool:
    """Whether the first of several is far ahead."""
    return len(ordered) < 2 or is_clearly_behind(ordered[1], ordered[0])


def is_clearly_behind(entrant: Entrant, leader: Entrant) -> bool:
    """Whether a run of equal length is far behind another."""
    return value_of(entrant) <= value_of(leader) - CLEAR_LEAD


def is_good_enough(result: Result, target: Target) -> bool:
    """Whether a whole run leaves nothing to look for: target met, done learning, and no cheap reference better."""
    reference = result.reference
    allowed = NEAR_REFERENCE * margin(result.rows[1])
    near = not math.isfinite(reference) or result.metric >= reference - allowed
    has_settled = target.by_loss or result.coming_fall <= STILL_FALLING
    return target.is_done(result) and not result.harmed and near and has_settled
