"""Losses that treat every output by itself: the best constant for a column of targets and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """One column of the targets: distinct values where there are few, and how often each occurs."""

    values: Floats
    counts: Floats

    def mean(self, per_value: Floats) -> float:
        """Mean over the column's rows of something known for each value."""
        total = self.counts.sum()
        return float((self.counts * per_value).sum() / total) if total else float("nan")


@dataclass(frozen=True)
class ElementwiseLoss:
    """A loss that treats every output by itself.

    Attributes:
        fit: The best constant for a column, given the loss's arguments and the column's index.
        cost: The loss of a constant at each of the given targets.
        prefers_one: Whether a constant stands for class 1, where the targets are 0 and 1.
    """

    fit: Callable[[Column, Arguments, int], float]
    cost: Callable[[Floats, float, Arguments, int], Floats]
    prefers_one: Callable[[float], bool] = lambda constant: constant > 0.5


def _fit_mean(column: Column, arguments: Arguments, index: int) -> float:
    return column.mean(column.values)


def _cost_squared(values: Floats, constant: float, arguments: Arguments, index: int) -> Floats:
    return np.square(values - constant)


def _fit_median(column: Column, arguments: Arguments, index: int) -> float:
    if not len(column.values):
        return float("nan")
    order = np.argsort(column.values)
    reached = np.cumsum(column.counts[order])
    low, high = (int(np.searchsorted(reached, reached[-1] / 2, side=side)) for side in ("left", "right"))
    return float(column.values[order[[low, min(high, len(order) - 1)]]].mean())


def _cost_absolute(values: Floats, constant: float, arguments: Arguments, index: int) -> Floats:
    return np.abs(values - constant)


def _fit_smooth(column: Column, width: float) -> float:
    """The root of the summed slopes `clip((c - v) / width, -1, 1)`, which rise with c; by bisection."""
    if not len(column.values) or width <= 0:
        return _fit_median(column, {}, 0)
    low, high = float(column.values.min()), float(column.values.max())
    for _ in range(60):
        middle = (low + high) / 2
        slope = (column.counts * np.clip((middle - column.values) / width, -1, 1)).sum()
        low, high = (low, middle) if slope > 0 else (middle, high)
    return (low + high) / 2


def _cost_smooth(values: Floats, constant: float, width: float) -> Floats:
    distance = np.abs(values - constant)
    return np.where(distance < width, np.square(distance) / 2, width * (distance - width / 2))


def _beta(arguments: Arguments) -> float:
    return float(arguments.get("beta", 1.0))


def _delta(arguments: Arguments) -> float:
    return float(arguments.get("delta", 1.0))


def _cost_smooth_l1(values: Floats, constant: float, arguments: Arguments, index: int) -> Floats:
    width = _beta(arguments)
    return _cost_smooth(values, constant, width) / width if width > 0 else np.abs(values - constant)


def _entry(arguments: Arguments, name: str, index: int) -> float:
    """A weight for one output, given as one number or as a list with one for each output."""
    written = arguments.get(name)
    given = np.asarray(1.0 if written is None else written, dtype=np.float64).reshape(-1)
    return float(given[min(index, len(given) - 1)])


def _fit_probability(column: Column, arguments: Arguments, index: int) -> float:
    share = column.mean(column.values)
    positive = _entry(arguments, "pos_weight", index) * share
    # Half a row keeps the loss finite where validation has a class that training lacks.
    floor = 0.5 / max(column.counts.sum(), 1.0)
    return float(np.clip(positive / (positive + 1 - share), floor, 1 - floor))


def _cost_cross_entropy(values: Floats, probability: float, arguments: Arguments, index: int) -> Floats:
    positive = _entry(arguments, "pos_weight", index) * values * -np.log(probability)
    negative = (1 - values) * -np.log1p(-probability)
    return np.asarray(_entry(arguments, "weight", index) * (positive + negative))


def _fit_hinge(column: Column, arguments: Arguments, index: int) -> float:
    """0 or the margin. Its input is a distance, which is not negative; below 0 the loss has no lower bound."""
    return 0.0 if column.mean(column.values) >= 0.5 else float(arguments.get("margin", 1.0))


def _cost_hinge(values: Floats, constant: float, arguments: Arguments, index: int) -> Floats:
    return np.where(values > 0.5, constant, np.maximum(0.0, float(arguments.get("margin", 1.0)) - constant))


ELEMENTWISE_LOSSES: dict[str, ElementwiseLoss] = {
    "MSELoss": ElementwiseLoss(_fit_mean, _cost_squared),
    "L1Loss": ElementwiseLoss(_fit_median, _cost_absolute),
    "SmoothL1Loss": ElementwiseLoss(lambda column, args, _: _fit_smooth(column, _beta(args)), _cost_smooth_l1),
    "HuberLoss": ElementwiseLoss(
        lambda column, args, _: _fit_smooth(column, _delta(args)),
        lambda values, constant, args, _: _cost_smooth(values, constant, _delta(args)),
    ),
    "BCELoss": ElementwiseLoss(_fit_probability, _cost_cross_entropy),
    "BCEWithLogitsLoss": ElementwiseLoss(_fit_probability, _cost_cross_entropy),
    "SoftMarginLoss": ElementwiseLoss(_fit_probability, _cost_cross_entropy),
    "HingeEmbeddingLoss": ElementwiseLoss(_fit_hinge, _cost_hinge, prefers_one=lambda constant: constant == 0),
}
