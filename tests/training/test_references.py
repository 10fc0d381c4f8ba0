from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from gradcheck_cli.config.schema import Component, Task
from gradcheck_cli.training import references as module
from gradcheck_cli.training.data import Dataset
from gradcheck_cli.training.metrics import choose_metric, metric_of
from gradcheck_cli.training.nearest_neighbours import predict_by_neighbours
from gradcheck_cli.training.references import (
    compare_on_training_rows,
    compare_with_references,
    compute_references,
)
from tests.training.data.loads import load

CROSS_ENTROPY, SQUARED = Component(type="CrossEntropyLoss"), Component(type="MSELoss")


@pytest.mark.parametrize(
    ("source", "keys", "loss", "neighbours", "linear"),
    [
        ("digits", {}, CROSS_ENTROPY, 0.96, 0.93),
        ("digits", {"image": True}, CROSS_ENTROPY, 0.96, 0.93),
        ("breast_cancer", {}, CROSS_ENTROPY, 0.93, 0.94),
        ("wine", {"val_fraction": 0.3}, CROSS_ENTROPY, 0.9, 0.94),
        ("diabetes", {}, SQUARED, 0.2, 0.3),
        ("regression", {"n_samples": 600, "n_features": 20, "n_informative": 8, "noise": 5.0}, SQUARED, 0.4, 0.99),
        ("circles", {"n_samples": 1000, "noise": 0.1, "factor": 0.5}, CROSS_ENTROPY, 0.96, 0.3),
        ("delayed_recall", {"n_symbols": 6}, CROSS_ENTROPY, 0.5, 0.99),
        ("digits", {"label_noise": 0.4, "val_fraction": 0.4}, CROSS_ENTROPY, 0.85, 0.8),
    ],
)
def test_references_reach_what_such_models_reach(
    source: str, keys: dict[str, Any], loss: Component, neighbours: float, linear: float
) -> None:
    found = compute_references(load(source, **keys), loss).predictions
    assert found["nearest_neighbours"].metric > neighbours
    assert found["linear"].metric > linear
    assert found["trivial"].metric < 0.65


def test_where_nothing_can_be_learned_no_reference_is_above_trivial() -> None:
    data = load("regression", n_samples=500, n_features=10, n_informative=0, noise=1.0)
    found = compute_references(data, SQUARED).predictions
    assert found["linear"].metric < 0.05
    assert found["nearest_neighbours"].metric < 0.05
    assert found["trivial"].metric <= 0


def test_nearest_neighbours_equal_scikit_learn() -> None:
    data = load("wine", standardize=True, val_fraction=0.3)
    own = predict_by_neighbours(data.x_train, data.y_train, data.x_validation, classes=3)
    theirs = [
        KNeighborsClassifier(count).fit(data.x_train, data.y_train).predict(data.x_validation)
        for count in (1, 3, 5, 9, 15)
    ]
    assert max(np.mean(own == other) for other in theirs) == 1.0


def test_references_are_those_of_unscaled_data_too() -> None:
    raw, scaled = (compute_references(load("wine", standardize=flag), CROSS_ENTROPY) for flag in (False, True))
    for name in ("nearest_neighbours", "linear"):
        np.testing.assert_array_equal(raw.predictions[name].predictions, scaled.predictions[name].predictions)


def test_comparison_is_against_the_run_s_predictions() -> None:
    data = load("digits")
    found = compute_references(data, CROSS_ENTROPY)
    perfect = compare_with_references(found, data, data.y_validation)
    same = compare_with_references(found, data, found.predictions["linear"].predictions)
    assert perfect["linear"].difference == pytest.approx(1 - found.predictions["linear"].metric)
    assert perfect["trivial"].difference > 30 * perfect["trivial"].standard_error > 0
    assert (same["linear"].difference, same["linear"].standard_error) == (0.0, 0.0)


def test_training_rows_are_compared_with_trivial_alone() -> None:
    data = load("diabetes")
    found, rows = compute_references(data, SQUARED), np.arange(5, 105)
    compared = compare_on_training_rows(found, data, data.y_train[rows], rows=rows)
    assert list(compared) == ["trivial"]
    assert compared["trivial"].metric + compared["trivial"].difference == pytest.approx(1)


def test_without_validation_rows_only_the_training_loss_is_known() -> None:
    data = load("diabetes", val_fraction=0.0)
    found = compute_references(data, SQUARED)
    assert found.predictions == {}
    assert math.isnan(found.trivial_loss)
    assert found.trivial_train_loss == pytest.approx(data.y_train.var(), rel=1e-4)
    assert compare_with_references(found, data, data.y_validation) == {}


def test_large_sets_are_asked_in_part_and_the_trivial_one_in_full() -> None:
    data = load("blobs", n_samples=16_000, val_fraction=0.5)
    found = compute_references(data, CROSS_ENTROPY).predictions
    assert len(found["trivial"].rows) == 8_000
    for name in ("nearest_neighbours", "linear"):
        assert len(found[name].rows) == len(found[name].predictions) == 4_096
        part = data.y_validation[found[name].rows]
        assert found[name].metric == metric_of(part, found[name].predictions, name=choose_metric(data)).value


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("delayed_recall", {"n_symbols": 300, "length": 30, "n_samples": 400}),
        ("adding_problem", {"length": 2100, "n_samples": 100}),
        ("blobs", {"n_features": 900, "n_samples": 800}),
        ("blobs", {"n_features": 600, "n_samples": 60}),
        ("moons", {"n_samples": 6}),
    ],
)
def test_long_wide_and_tiny_inputs_have_references(source: str, keys: dict[str, Any]) -> None:
    data = load(source, **keys)
    found = compute_references(data, CROSS_ENTROPY if data.classes else SQUARED).predictions
    for prediction in found.values():
        assert len(prediction.predictions) == len(data.y_validation)
        assert np.isfinite(prediction.metric)


def test_non_finite_inputs_and_targets_do_not_break_them() -> None:
    data = load("diabetes", standardize=True)
    data.x_train[3, 2], data.x_validation[1, 1], data.y_train[7] = np.inf, np.nan, np.nan
    found = compute_references(data, SQUARED)
    assert found.predictions["linear"].metric > 0.2
    assert found.predictions["nearest_neighbours"].metric > 0.1
    assert found.predictions["trivial"].metric == pytest.approx(0, abs=0.1)
    assert math.isnan(found.trivial_train_loss)


def test_a_constant_target_leaves_r2_undefined() -> None:
    data = load("regression", n_informative=0)
    assert data.constant_target
    found = compute_references(data, SQUARED)
    assert found.trivial_loss == 0
    assert all(math.isnan(prediction.metric) for prediction in found.predictions.values())


def test_models_are_fitted_once_for_equal_data_and_anew_for_other(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[int] = []

    def fit(x_train: np.ndarray, y_train: np.ndarray, x: np.ndarray, *, classes: int | None) -> np.ndarray:
        fits.append(len(x_train))
        return np.zeros(len(x), np.int64)

    monkeypatch.setattr(module, "_fitted", module._FittedPredictions(most=2))
    monkeypatch.setattr(module, "_MODELS", {"linear": fit})
    for loss in (CROSS_ENTROPY, Component(type="MSELoss")):
        compute_references(load("iris"), loss)
    assert len(fits) == 1
    for seed in (1, 2, 0):
        compute_references(load("iris", seed=seed), CROSS_ENTROPY)
    assert len(fits) == 4


def test_of_many_columns_those_that_tell_something_are_kept() -> None:
    # 200 tokens of 4 symbols are 800 columns; only the four of the first token know the class.
    data = load("delayed_recall", n_samples=900, length=200)
    references = compute_references(data, Component(type="CrossEntropyLoss"))
    assert references.predictions["linear"].metric > 0.95


def test_a_sequence_too_long_to_be_flattened_gives_its_first_last_and_mean_step() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(300, 700, 6)).astype(np.float32)
    for y in (x[:, 0, 2], x[:, -1, 4], 30 * x[:, :, 1].mean(axis=1)):
        target = y[:, None]
        data = Dataset(x[:240], target[:240], x[240:], target[240:], task=Task.REGRESSION)
        references = compute_references(data, Component(type="MSELoss"))
        assert references.predictions["linear"].metric > 0.95
