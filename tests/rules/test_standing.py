from __future__ import annotations

import pytest

from gradcheck_cli.recording.history import Outcome
from gradcheck_cli.rules.standing import beaten_by, best_reference, is_at_trivial, is_training_metric_good, margin
from tests.histories import make_outcome, make_reference


def outcome(value: float, *, trivial: float = 0.1, best: float = 0.9, error: float = 0.01) -> Outcome:
    references = {
        "trivial": make_reference(trivial, value=value, standard_error=error),
        "nearest_neighbours": make_reference(best, value=value, standard_error=error),
    }
    return make_outcome(value, references=references)


@pytest.mark.parametrize(("value", "at_trivial"), [(0.05, True), (0.12, True), (0.121, False)])
def test_two_standard_errors_above_trivial(value: float, at_trivial: bool) -> None:
    assert is_at_trivial(outcome(value)) is at_trivial


def test_nothing_to_learn_where_no_reference_is_above_trivial() -> None:
    assert not is_at_trivial(outcome(0.1, best=0.1))
    assert not is_at_trivial(make_outcome(0.1, references={}))


@pytest.mark.parametrize(
    ("value", "rows", "error", "beaten"),
    [
        (0.84, 320, 0.01, True),
        (0.86, 320, 0.01, False),
        (0.84, 320, 0.03, False),
        (0.84, 99, 0.01, False),
        (0.79, 99, 0.01, True),
        (0.84, 100, 0.01, True),
    ],
    ids=["clear", "within the margin", "within the noise", "few rows", "few rows, clear", "enough rows"],
)
def test_beaten_by_a_reference(value: float, rows: int, error: float, beaten: bool) -> None:
    assert (beaten_by(outcome(value, error=error), validation_rows=rows) == "nearest_neighbours") is beaten


def test_margin_is_that_of_a_large_split_where_the_rows_are_not_known() -> None:
    assert margin(None) == 0.05


def test_reference_without_a_finite_metric_is_passed_over() -> None:
    both = make_outcome(0.5, references={"linear": make_reference(float("nan"), value=0.5)})
    assert best_reference(both) is None
    assert beaten_by(both, validation_rows=320) is None


@pytest.mark.parametrize(("train", "good"), [(0.95, True), (0.93, True), (0.91, False), (0.1, False)])
def test_training_metric(train: float, good: bool) -> None:
    assert is_training_metric_good(make_outcome(0.5, train_metric=train), validation_rows=320) is good
