from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sklearn.datasets

from gradcheck_cli.config.schema import DataConfig
from gradcheck_cli.errors import DataError
from gradcheck_cli.training.data.dataset import Rows
from gradcheck_cli.training.data.loading import load_rows
from tests.training.data.loads import HERE, load


def generate(source: str, **arguments: Any) -> Rows:
    return load_rows(DataConfig(type=source, arguments=arguments), HERE)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("circles", {}),
        ("circles", {"n_samples": 51, "noise": 0.1, "factor": 0.3, "random_state": 7}),
        ("moons", {}),
        ("moons", {"n_samples": 33, "noise": 0.2, "random_state": 3}),
        ("blobs", {}),
        ("blobs", {"n_samples": 50, "centers": 4, "n_features": 3, "cluster_std": 0.5, "random_state": 2}),
        ("blobs", {"n_samples": 20, "centers": [[0.0, 1.0], [5.0, 5.0]], "cluster_std": [1.0, 2.0]}),
        ("regression", {}),
        ("regression", {"n_samples": 60, "n_features": 5, "n_informative": 2, "noise": 3.0, "random_state": 4}),
        ("regression", {"n_samples": 10, "n_features": 3, "n_informative": 8}),
    ],
)
def test_equals_scikit_learn(name: str, arguments: dict[str, Any]) -> None:
    make = getattr(sklearn.datasets, f"make_{name}")
    x, y = make(**{"random_state": 0, **arguments})
    rows = generate(name, **arguments)
    np.testing.assert_allclose(rows.x, x, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(rows.y.reshape(-1), y, rtol=1e-10, atol=1e-12)


def test_spirals_have_evenly_filled_arms_inside_the_unit_circle() -> None:
    rows = generate("spirals", n_samples=300, noise=0.0, centers=3)
    assert np.bincount(rows.y).tolist() == [100, 100, 100]
    radius = np.linalg.norm(rows.x, axis=1)
    assert 0.1 <= radius.min() < radius.max() <= 1.0
    turned = np.arctan2(rows.x[:, 1], rows.x[:, 0]) - 2 * np.pi * ((radius - 0.1) / 0.9 + rows.y / 3)
    np.testing.assert_allclose(np.cos(turned), 1.0, atol=1e-9)


def test_xor_classes_are_the_quadrants() -> None:
    rows = generate("xor", noise=0.0)
    assert len(rows) == 1000
    np.testing.assert_array_equal(rows.y, (rows.x[:, 0] > 0) != (rows.x[:, 1] > 0))


def test_noise_moves_points_and_not_classes() -> None:
    still, noisy = generate("xor", noise=0.0), generate("xor")
    np.testing.assert_array_equal(still.y, noisy.y)
    assert np.std(noisy.x - still.x) == pytest.approx(0.1, rel=0.1)


def test_adding_problem_sums_the_marked_values() -> None:
    rows = generate("adding_problem", n_samples=200, length=9)
    values, marks = rows.x[:, :, 0], rows.x[:, :, 1]
    assert rows.x.shape == (200, 9, 2)
    np.testing.assert_array_equal(marks[:, :4].sum(axis=1), 1)
    np.testing.assert_array_equal(marks[:, 4:].sum(axis=1), 1)
    np.testing.assert_allclose((values * marks).sum(axis=1), rows.y[:, 0])
    assert values.min() >= 0
    assert values.max() <= 1


def test_delayed_recall_asks_for_the_first_token() -> None:
    rows = generate("delayed_recall", n_symbols=6, random_state=1)
    assert rows.x.shape == (2000, 10)
    assert rows.x.dtype == np.int64
    assert set(np.unique(rows.x)) == set(range(6))
    np.testing.assert_array_equal(rows.y, rows.x[:, 0])


def test_random_state_draws_anew_and_the_seed_does_not() -> None:
    assert not np.array_equal(generate("xor").x, generate("xor", random_state=1).x)
    first, second = (load("xor", seed=seed, val_fraction=0.0).x_train for seed in (0, 1))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.sort(first, axis=0), np.sort(second, axis=0))


def test_all_wrong_arguments_are_reported_together() -> None:
    with pytest.raises(DataError) as caught:
        generate("blobs", n_samples=0, centers="three", cluster_std=-1, sentres=2, random_state=-1)
    paths = {problem.path for problem in caught.value.problems}
    assert paths == {f"data.{name}" for name in ("n_samples", "centers", "cluster_std", "sentres", "random_state")}
    assert "did you mean 'centers'?" in str(caught.value)


def test_cluster_std_has_one_entry_for_each_center() -> None:
    with pytest.raises(DataError, match="has 3 entries for 2 centers"):
        generate("blobs", centers=2, cluster_std=[1.0, 1.0, 1.0])


@pytest.mark.parametrize("source", ["circles", "moons", "blobs", "regression", "spirals", "xor", "adding_problem"])
def test_data_larger_than_memory_is_refused_before_it_is_drawn(source: str) -> None:
    with pytest.raises(DataError, match="do not fit into memory"):
        load(source, n_samples=10**9)
