from __future__ import annotations

import numpy as np
import pytest

from gradcheck_cli.training.data import overlap as module
from gradcheck_cli.training.data.overlap import find_overlap
from tests.training.data.loads import load


def rows(count: int, columns: int = 4, *, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(size=(count, columns))


def test_shared_rows_are_counted() -> None:
    train = rows(100)
    found = find_overlap(train, np.concatenate([train[:7], rows(13, seed=1)]))
    assert found is not None
    assert (found.rows, found.shared, found.expected_share) == (20, 7, 0)
    assert (found.features, found.continuous) == (4, True)


def test_rows_written_in_single_precision_are_the_same_rows() -> None:
    train = rows(50)
    found = find_overlap(train, train[:5].astype(np.float32))
    assert found is not None
    assert found.shared == 5


def test_minus_zero_is_zero() -> None:
    found = find_overlap(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[-0.0, 1.0]]))
    assert found is not None
    assert found.shared == 1


def test_duplicates_inside_training_say_what_to_expect() -> None:
    train = np.concatenate([rows(40), rows(40), rows(20, seed=1)])
    found = find_overlap(train, rows(40))
    assert found is not None
    assert found.shared == 40
    assert found.expected_share == pytest.approx(0.8)


def test_of_large_sets_a_part_is_scaled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_TRAIN_ROWS", 1000)
    train = rows(4000)
    found = find_overlap(train, np.concatenate([train[:500], rows(500, seed=1)]))
    assert found is not None
    assert found.shared == pytest.approx(500, rel=0.2)


def test_few_different_values_are_not_continuous() -> None:
    train = np.random.default_rng(0).integers(0, 3, size=(200, 4)).astype(np.float64)
    found = find_overlap(train, train[:20])
    assert found is not None
    assert not found.continuous


def test_images_and_token_ids_can_be_compared() -> None:
    images, tokens = load("digits", image=True).profile.overlap, load("delayed_recall").profile.overlap
    assert images is not None
    assert tokens is not None
    assert (images.features, images.shared) == (64, 0)
    assert tokens.shared <= 4


def test_without_rows_there_is_nothing_to_compare() -> None:
    assert find_overlap(rows(5), rows(0)) is None
    assert load("iris", val_fraction=0).profile.overlap is None
