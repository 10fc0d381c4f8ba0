from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcheck_cli.config.schema import Task
from gradcheck_cli.training.data import Dataset
from gradcheck_cli.training.metrics import MetricName, choose_metric, compare, difference_of, metric_of

RANDOM = np.random.default_rng(0)
LABELS = arrays.arrays(np.int64, st.integers(4, 60), elements=st.integers(0, 3))


def classes(labels: list[int], validation: list[int]) -> Dataset:
    x = np.zeros((len(labels), 1), np.float32)
    return Dataset(
        x, np.array(labels), x[: len(validation)], np.array(validation, dtype=np.int64), Task.CLASSIFICATION, classes=2
    )


@given(targets=LABELS, shift=st.integers(0, 3))
def test_class_metrics_equal_scikit_learn(targets: np.ndarray, shift: int) -> None:
    predictions = np.where(np.arange(len(targets)) % 3, targets, (targets + shift) % 4)
    accuracy = metric_of(targets, predictions, name=MetricName.ACCURACY).value
    balanced = metric_of(targets, predictions, name=MetricName.BALANCED_ACCURACY).value
    assert accuracy == pytest.approx(np.mean(targets == predictions))
    recalls = sklearn.metrics.recall_score(targets, predictions, labels=np.unique(targets), average="macro")
    assert balanced == pytest.approx(recalls)


def test_r2_of_several_outputs_equals_scikit_learn() -> None:
    targets, predictions = RANDOM.normal(size=(2, 40, 3)) * [1, 10, 100]
    expected = sklearn.metrics.r2_score(targets, predictions)
    assert metric_of(targets, predictions, name=MetricName.R2).value == pytest.approx(expected)
    scaled = metric_of(targets * 7 + 1, predictions * 7 + 1, name=MetricName.R2)
    assert scaled.value == pytest.approx(expected)


def test_balanced_accuracy_is_for_a_class_above_seventy_percent_of_all_rows() -> None:
    assert choose_metric(classes([0] * 7 + [1] * 3, [])) is MetricName.ACCURACY
    assert choose_metric(classes([0] * 7 + [1] * 3, [0])) is MetricName.BALANCED_ACCURACY
    numbers = Dataset(np.zeros((2, 1)), np.zeros((2, 1)), np.zeros((0, 1)), np.zeros((0, 1)), Task.REGRESSION)
    assert choose_metric(numbers) is MetricName.R2


@pytest.mark.parametrize("name", list(MetricName))
def test_standard_errors_are_the_spread_over_samples(name: MetricName) -> None:
    fixed = RANDOM.normal(size=(400, 1))

    def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if name is MetricName.R2:
            # The variance of the targets counts as known.
            targets = fixed
            return targets, targets + RANDOM.normal(size=(400, 1)), targets + 0.5 * RANDOM.normal(size=(400, 1))
        targets = (RANDOM.uniform(size=400) < 0.2).astype(np.int64)
        first, second = (np.where(RANDOM.uniform(size=400) < p, targets, 1 - targets) for p in (0.8, 0.7))
        return targets, first, second

    draws = [draw() for _ in range(400)]
    differences = [difference_of(t, a, b, name=name) for t, a, b in draws]
    spread = np.std([estimate.value for estimate in differences])
    assert np.mean([estimate.standard_error for estimate in differences]) == pytest.approx(spread, rel=0.15)
    if name is not MetricName.R2:
        own = [metric_of(t, a, name=name) for t, a, _ in draws]
        assert np.mean([e.standard_error for e in own]) == pytest.approx(np.std([e.value for e in own]), rel=0.15)


def test_difference_is_paired() -> None:
    targets = RANDOM.integers(0, 2, 200)
    noisy = np.where(RANDOM.uniform(size=200) < 0.6, targets, 1 - targets)
    better = noisy.copy()
    better[:10] = targets[:10]
    estimate = difference_of(targets, better, noisy, name=MetricName.ACCURACY)
    assert estimate.value == pytest.approx((better == targets).mean() - (noisy == targets).mean())
    assert estimate.standard_error < metric_of(targets, noisy, name=MetricName.ACCURACY).standard_error / 2


def test_equal_predictions_differ_by_nothing() -> None:
    data = classes([0, 1, 1], [0, 1, 1])
    assert compare(data, np.array([0, 0, 1]), np.array([0, 0, 1])) == (0.0, 0.0)
    assert compare(data, np.array([0, 1, 1]), np.array([1, 0, 0]))[0] == 1.0


def test_a_class_of_one_row_borrows_the_spread_of_the_others() -> None:
    targets = np.array([0] * 50 + [1])
    predictions = np.where(np.arange(51) % 2, 0, 1)
    estimate = metric_of(targets, predictions, name=MetricName.BALANCED_ACCURACY)
    assert estimate.standard_error > 0.2


def test_undefined_is_nan_and_not_zero() -> None:
    nothing = np.empty(0, np.int64)
    constant = np.ones((5, 1))
    for estimate in (
        metric_of(nothing, nothing, name=MetricName.ACCURACY),
        metric_of(nothing, nothing, name=MetricName.BALANCED_ACCURACY),
        metric_of(np.empty((0, 1)), np.empty((0, 1)), name=MetricName.R2),
        metric_of(constant, constant, name=MetricName.R2),
    ):
        assert math.isnan(estimate.value)
        assert math.isnan(estimate.standard_error)


def test_non_finite_predictions_give_a_non_finite_metric_and_no_warning() -> None:
    targets = np.arange(5.0)[:, None]
    for bad in (np.nan, np.inf, 1e300):
        predictions = targets.copy()
        predictions[2] = bad
        assert not metric_of(targets, predictions, name=MetricName.R2).value > -1e100


def test_estimates_are_values() -> None:
    estimate = metric_of(np.array([0, 1]), np.array([0, 1]), name=MetricName.ACCURACY)
    assert dataclasses.astuple(estimate) == (1.0, 0.0)
