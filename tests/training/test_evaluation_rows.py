"""The fixed rows of evaluations: seeded, few, and halves that are alike."""

from __future__ import annotations

import numpy as np

from gradcheck_cli.training.evaluation_rows import choose_rows


def test_small_sets_are_looked_at_whole() -> None:
    chosen = choose_rows(np.zeros(100), np.zeros(60), seed=0)
    assert chosen.train_slice.tolist() == list(range(100))
    assert chosen.sample.tolist() == list(range(60))


def test_large_sets_are_sampled_by_seed() -> None:
    y_train, y_validation = np.zeros(5_000), np.zeros(9_000)
    first, again, other = (choose_rows(y_train, y_validation, seed=seed) for seed in (0, 0, 1))
    assert (len(first.train_slice), len(first.sample)) == (512, 4_096)
    assert (np.diff(first.train_slice) > 0).all()
    assert (np.diff(first.sample) > 0).all()
    np.testing.assert_array_equal(first.train_slice, again.train_slice)
    np.testing.assert_array_equal(first.second_half, again.second_half)
    assert (first.train_slice != other.train_slice).any()
    assert (first.second_half != other.second_half).any()


def test_halves_hold_the_classes_alike() -> None:
    labels = np.repeat([0, 1, 2], [50, 31, 4])
    second = choose_rows(labels, labels, seed=3).second_half
    for label in range(3):
        inside = second[labels == label]
        assert abs(2 * int(inside.sum()) - len(inside)) <= 1


def test_halves_span_the_same_range_of_numbers() -> None:
    numbers = np.linspace(0, 1, 200)[:, None]
    second = choose_rows(numbers, numbers, seed=0).second_half
    assert abs(float(numbers[second].mean() - numbers[~second].mean())) < 0.01


def test_no_validation_rows_are_no_problem() -> None:
    chosen = choose_rows(np.zeros(10), np.zeros(0), seed=0)
    assert len(chosen.second_half) == len(chosen.sample) == 0
