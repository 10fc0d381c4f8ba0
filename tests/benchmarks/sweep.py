"""Every threshold halved and doubled: what that does to the scores; it trains nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradcheck_cli.rules import ALL
from tests.benchmarks.kept_runs import Thresholds
from tests.benchmarks.scoring import Score

FACTORS = (0.5, 2.0)
HIGHER_IS_BETTER = ("recall", "cause", "other_named", "static")
LOWER_IS_BETTER = ("false_alarms", "warnings", "other_wrong_errors")


@dataclass(frozen=True)
class Change:
    """One threshold times one factor.

    Attributes:
        costs: By score, how many percentage points it got worse (negative: better); only those that moved.
    """

    rule: str
    threshold: str
    value: float
    factor: float
    costs: dict[str, float]

    @property
    def cost(self) -> float:
        """The largest cost."""
        return max(self.costs.values(), default=0.0)


def list_changes() -> tuple[tuple[str, str, float, float], ...]:
    """Code, threshold, new value and factor for each threshold that a factor can change."""
    return tuple(
        (rule.code, threshold.name, threshold.default * factor, factor)
        for rule in ALL
        for threshold in rule.thresholds()
        if threshold.default == threshold.default and threshold.default != 0
        for factor in FACTORS
    )


def sweep(base: Score, score_with: Callable[[Thresholds], Score]) -> tuple[Change, ...]:
    """Score each change, the costliest first.

    Args:
        base: The scores as they are.
        score_with: The scores under other thresholds.
    """
    changes = [
        Change(code, name, value, factor, compare_scores(base, score_with({code: {name: value}})))
        for code, name, value, factor in list_changes()
    ]
    return tuple(sorted(changes, key=lambda change: (-change.cost, change.rule, change.threshold, change.factor)))


def compare_scores(base: Score, other: Score) -> dict[str, float]:
    """Percentage points by which each score got worse; scores that did not move are left out."""
    signs = {**dict.fromkeys(HIGHER_IS_BETTER, 1), **dict.fromkeys(LOWER_IS_BETTER, -1)}
    costs = {}
    for name, sign in signs.items():
        before, after = getattr(base, name), getattr(other, name)
        if before is not None and after is not None and before != after:
            costs[name] = round(100 * sign * (before - after), 2)
    return costs


def show_changes(changes: Sequence[Change]) -> str:
    """A table of the changes that moved a score, and how many did not."""
    lines = [f"{'rule':6s} {'threshold':28s} {'factor':>6s} {'value':>9s}  points lost"]
    for change in (change for change in changes if change.costs):
        costs = ", ".join(f"{name} {cost:+.1f}" for name, cost in change.costs.items())
        lines.append(f"{change.rule:6s} {change.threshold:28s} {change.factor:6g} {change.value:9.3g}  {costs}")
    lines.append(f"{sum(not change.costs for change in changes)} of {len(changes)} changes moved no score.")
    return "\n".join(lines)
