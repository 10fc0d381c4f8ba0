"""The metric of a run, with its standard error, and paired differences of two predictors; it trains nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.config.schema import Task
from gradcheck_cli.recording.data_profile import DOMINANT_CLASS_SHARE
from gradcheck_cli.training.data.dataset import Array, Dataset

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class MetricName(StrEnum):
    """The metric that a run is judged by; higher is better in all of them."""

    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balanced_accuracy"
    R2 = "r2"


@dataclass(frozen=True)
class Estimate:
    """A mean over rows and its standard error; NaN where it is not defined."""

    value: float
    standard_error: float


UNDEFINED = Estimate(float("nan"), float("nan"))


def choose_metric(dataset: Dataset) -> MetricName:
    """R2 for numbers; accuracy for classes, balanced where one class holds more than 70 % of all rows."""
    if dataset.task is Task.REGRESSION:
        return MetricName.R2
    labels = np.concatenate([dataset.y_train, dataset.y_validation])
    dominant = np.bincount(labels).max() > DOMINANT_CLASS_SHARE * len(labels)
    return MetricName.BALANCED_ACCURACY if dominant else MetricName.ACCURACY


def metric_of(targets: Array, predictions: Array, *, name: MetricName) -> Estimate:
    """The metric of predictions, with its standard error over rows.

    Args:
        targets: Class indices `[N]`, or numbers `[N, K]`.
        predictions: Class indices `[N]`, or numbers `[N, K]` in the units of `targets`.
        name: R2 is the mean over the `K` outputs; balanced accuracy the mean over the classes that occur.

    Returns:
        NaN without rows, and for R2 where no output varies.
    """
    return _mean_over_groups(_row_scores(targets, predictions, name), _groups(targets, name))


def difference_of(targets: Array, first: Array, second: Array, *, name: MetricName) -> Estimate:
    """Metric of `first` minus that of `second`, with the standard error of the paired per-row difference.

    Class-weighted for balanced accuracy; squared error over the target's variance for R2. The variance is taken as
    known: it is the same on both sides.
    """
    with np.errstate(invalid="ignore"):
        scores = _row_scores(targets, first, name) - _row_scores(targets, second, name)
    return _mean_over_groups(scores, _groups(targets, name))


def compare(dataset: Dataset, first: Array, second: Array) -> tuple[float, float]:
    """`difference_of` two predictions of all validation rows, in the metric of the data set."""
    estimate = difference_of(dataset.y_validation, first, second, name=choose_metric(dataset))
    return estimate.value, estimate.standard_error


def _row_scores(targets: Array, predictions: Array, name: MetricName) -> Floats:
    """`[N]`: what each row adds; the metric is the mean over groups of the means over their rows."""
    if name is not MetricName.R2:
        return np.asarray(predictions == targets, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        exact = np.asarray(targets, dtype=np.float64)
        variance = exact.var(axis=0) if len(exact) else np.zeros(exact.shape[1:])
        varies = variance > 0
        if not varies.any():
            return np.full(len(exact), np.nan)
        error = np.square(np.asarray(predictions, dtype=np.float64) - exact)
        return np.asarray(1 - (error[:, varies] / variance[varies]).mean(axis=1))


def _groups(targets: Array, name: MetricName) -> Ints:
    """`[N]`: rows of one group are averaged first: the classes, for balanced accuracy."""
    if name is MetricName.BALANCED_ACCURACY:
        return np.asarray(targets, dtype=np.int64)
    return np.zeros(len(targets), dtype=np.int64)


def _mean_over_groups(scores: Floats, groups: Ints) -> Estimate:
    """The mean of group means and its standard error.

    The spread inside a group of one row cannot be seen; it is taken to be that of the groups together.
    """
    if len(scores) == 0:
        return UNDEFINED
    with np.errstate(invalid="ignore", over="ignore"):
        _, position, counts = np.unique(groups, return_inverse=True, return_counts=True)
        means = np.bincount(position, weights=scores) / counts
        squares = np.bincount(position, weights=np.square(scores - means[position]))
        freedom = counts - 1
        pooled = squares.sum() / freedom.sum() if freedom.sum() else np.nan
        variances = np.where(freedom > 0, squares / np.maximum(freedom, 1), pooled)
        error = np.sqrt((variances / counts).sum()) / len(counts)
    return Estimate(float(means.mean()), float(error))
