"""Losses over class scores: the best constant scores for given class counts, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Arguments = Mapping[str, Any]


_SMALLEST_SHARE = 1e-12


def is_summed(arguments: Arguments) -> bool:
    """Whether a loss is summed over rows and outputs; the mean loss of a row is then the sum over its outputs."""
    return arguments.get("reduction") == "sum"


@dataclass(frozen=True)
class ClassLoss:
    """A loss of class scores.

    Attributes:
        fit: The best constant scores `[C]` for the counts `[C]` of the classes.
        cost: The mean loss of scores on rows with other counts; NaN without rows.
    """

    fit: Callable[[Floats, Arguments], Floats]
    cost: Callable[[Floats, Floats, Arguments], float]


def _fit_categories(counts: Floats, arguments: Arguments) -> Floats:
    """Log-probabilities for the cross entropy with class weights and label smoothing."""
    shares, _ = _surprise_weights(counts, arguments)
    shares = np.maximum(shares, _SMALLEST_SHARE)
    return np.asarray(np.log(shares / shares.sum()))


def _cost_categories(scores: Floats, counts: Floats, arguments: Arguments) -> float:
    factors, divisor = _surprise_weights(counts, arguments)
    return float(factors @ -scores / divisor) if divisor else float("nan")


def _surprise_weights(counts: Floats, arguments: Arguments) -> tuple[Floats, float]:
    """How much each class's `-log p` counts in the summed loss, `[C]`, and what the mean over rows divides by.

    Source: torch.nn.CrossEntropyLoss with `weight`, `ignore_index` and `label_smoothing`; its reduction `mean` divides
        by the sum of weights.
    """
    classes = len(counts)
    weight = _class_weights(arguments, classes)
    ignored = int(arguments.get("ignore_index", -100))
    known = np.where(np.arange(classes) == ignored, 0.0, counts)
    smoothing = float(arguments.get("label_smoothing", 0.0))
    factors = (1 - smoothing) * weight * known + smoothing / classes * weight * known.sum()
    return factors, float(counts.sum() if is_summed(arguments) else weight @ known)


def _fit_margins(counts: Floats, arguments: Arguments) -> Floats:
    """Scores for torch.nn.MultiMarginLoss; for `p: 1` the optimum lies on whole multiples of the margin."""
    shares = _class_weights(arguments, len(counts)) * counts / max(counts.sum(), 1.0)
    margin = float(arguments.get("margin", 1.0))
    if int(arguments.get("p", 1)) == 1:
        return margin * _fit_steps(shares)
    return _fit_squared_margins(shares, margin)


def _cost_margins(scores: Floats, counts: Floats, arguments: Arguments) -> float:
    if not counts.sum():
        return float("nan")
    gaps = np.maximum(0.0, float(arguments.get("margin", 1.0)) + scores[None, :] - scores[:, None])
    np.fill_diagonal(gaps, 0.0)
    per_class = (gaps ** int(arguments.get("p", 1))).mean(axis=1)
    shares = _class_weights(arguments, len(counts)) * counts / counts.sum()
    return float(shares @ per_class)


def _fit_steps(shares: Floats) -> Floats:
    """Whole-numbered scores `[C]` that rise with the share, one step or none from class to class.

    Steps are set or cleared one at a time, the best change first, until none lowers the loss.
    """
    order = np.argsort(-shares, kind="stable")
    counts = shares[order]
    steps = np.zeros(len(shares) - 1, dtype=np.int64)

    def total(candidate: NDArray[np.int64]) -> float:
        levels = np.concatenate([np.cumsum(candidate[::-1])[::-1], [0]]).astype(np.float64)
        return _cost_margins(levels, counts, {})

    lowest = total(steps)
    while len(steps):
        changed = [np.where(np.arange(len(steps)) == index, 1 - steps, steps) for index in range(len(steps))]
        totals = [total(candidate) for candidate in changed]
        if min(totals) >= lowest - 1e-12:
            break
        lowest, steps = min(totals), changed[int(np.argmin(totals))]
    scores = np.empty(len(shares))
    scores[order] = np.concatenate([np.cumsum(steps[::-1])[::-1], [0]])
    return scores


def _fit_squared_margins(shares: Floats, margin: float) -> Floats:
    """Newton's method on a convex, piecewise quadratic loss; the scores' mean is free and stays 0."""
    scores = np.zeros(len(shares))
    for _ in range(50):
        gaps = margin + scores[None, :] - scores[:, None]
        np.fill_diagonal(gaps, 0.0)
        pull = shares[:, None] * np.maximum(gaps, 0.0)
        gradient = pull.sum(axis=0) - pull.sum(axis=1)
        active = shares[:, None] * (gaps > 0)
        curvature = np.diag(active.sum(axis=0) + active.sum(axis=1)) - active - active.T
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        scores = scores - step
        if np.abs(step).max() < 1e-12 * margin:
            break
    return scores


def _class_weights(arguments: Arguments, classes: int) -> Floats:
    given: Sequence[float] | None = arguments.get("weight")
    return np.ones(classes) if given is None else np.resize(np.asarray(given, dtype=np.float64), classes)


CLASS_LOSSES: dict[str, ClassLoss] = {
    "CrossEntropyLoss": ClassLoss(_fit_categories, _cost_categories),
    "NLLLoss": ClassLoss(_fit_categories, _cost_categories),
    "MultiMarginLoss": ClassLoss(_fit_margins, _cost_margins),
}
