from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.config.schema import DataConfig, Task
from gradcheck_cli.errors import DataError
from gradcheck_cli.training.data.dataset import Rows
from gradcheck_cli.training.data.splitting import Split, share_out, split_rows
from tests.training.data.loads import load


def split(labels: list[int], *, seed: int = 0, **keys: Any) -> Split:
    rows = Rows(np.zeros((len(labels), 1)), np.array(labels), Task.CLASSIFICATION)
    config = DataConfig(type="iris", **keys)
    return split_rows(rows, config, generator=np.random.default_rng(seed))


@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=120),
    fraction=st.floats(0.0, 0.95),
    shuffle=st.booleans(),
    most=st.none() | st.integers(1, 150),
    seed=st.integers(0, 3),
)
def test_parts_are_disjoint_and_of_the_promised_sizes(
    labels: list[int], fraction: float, shuffle: bool, most: int | None, seed: int
) -> None:
    kept = min(len(labels), most or len(labels))
    count = round(kept * fraction)
    if count >= kept or (count == 0 and fraction > 0):
        with pytest.raises(DataError, match="leaves no row"):
            split(labels, val_fraction=fraction, shuffle=shuffle, max_samples=most, seed=seed)
        return
    parts = split(labels, val_fraction=fraction, shuffle=shuffle, max_samples=most, seed=seed)
    both = np.concatenate([parts.train, parts.validation])
    assert len(parts.validation) == count
    assert len(both) == kept
    assert len(set(both.tolist())) == kept
    assert set(both.tolist()) <= set(range(len(labels)))


@given(labels=st.lists(st.integers(0, 4), min_size=10, max_size=200), fraction=st.floats(0.1, 0.8))
def test_shuffled_classes_are_stratified_to_within_one_row(labels: list[int], fraction: float) -> None:
    counts = np.bincount(labels, minlength=5)
    parts = split(labels, val_fraction=fraction)
    validation = np.bincount(np.array(labels)[parts.validation], minlength=5)
    exact = counts * len(parts.validation) / len(labels)
    # A class whose last row is kept for training hands its share on to the others.
    slack = 1 + (counts == 1).sum() + (exact > counts - 1).sum()
    assert (np.abs(validation - exact) < slack).all()
    if len(parts.train) >= np.count_nonzero(counts):
        assert (validation < np.maximum(counts, 1)).all()


@given(counts=st.lists(st.integers(0, 50), min_size=1, max_size=8), share=st.floats(0, 1))
def test_shares_add_up_and_never_exceed_a_class(counts: list[int], share: float) -> None:
    total = round(sum(counts) * share)
    shares = share_out(np.array(counts), total)
    assert shares.sum() == total
    assert (shares >= 0).all()
    assert (shares <= counts).all()


def test_without_shuffle_the_first_rows_train_and_the_last_validate() -> None:
    parts = split([0, 1] * 5, val_fraction=0.3, shuffle=False, max_samples=8)
    assert parts.train.tolist() == [0, 1, 2, 3, 4, 5]
    assert parts.validation.tolist() == [6, 7]


def test_equal_seeds_give_equal_bits_and_other_seeds_another_split() -> None:
    first, again, other = (load("wine", seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.x_train, again.x_train)
    np.testing.assert_array_equal(first.y_validation, again.y_validation)
    assert not np.array_equal(first.x_train, other.x_train)


def test_max_samples_counts_both_parts() -> None:
    data = load("digits", max_samples=600, val_fraction=0.4)
    assert (len(data.x_train), len(data.x_validation)) == (360, 240)


def test_no_validation_leaves_zero_rows() -> None:
    data = load("diabetes", val_fraction=0.0)
    assert len(data.x_train) == 442
    assert data.x_validation.shape == (0, 10)
    assert data.y_validation.shape == (0, 1)


@pytest.mark.parametrize(("fraction", "message"), [(0.001, "no row to validate on"), (0.999, "no row to train on")])
def test_an_empty_part_is_an_error(fraction: float, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load("iris", val_fraction=fraction)
    assert caught.value.problems[0].path == "data.val_fraction"


def test_one_class_alone_in_training_is_an_error() -> None:
    with pytest.raises(DataError, match="all 45 training rows are of the class 'setosa'"):
        load("iris", shuffle=False, val_fraction=0.7)
