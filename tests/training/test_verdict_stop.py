"""Which runs are given up as lost, and which are left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from gradcheck_cli.recording.history import Floats, Quantity
from gradcheck_cli.training.verdict_stop import EpochEnd, VerdictStop
from tests.histories import make_layers

LAYERS = make_layers("Linear", "ReLU", "Linear")
PLANNED = 1000
DEAD = {"relu_1": 1.0}


class _Signals:
    def __init__(self, values: Mapping[Quantity, Mapping[str, float]]) -> None:
        self._values = values

    def recent(self, quantity: Quantity, *, count: int = 1) -> Mapping[str, Floats]:
        return {row: np.full(count, value) for row, value in self._values.get(quantity, {}).items()}


def _judge(
    ends: Sequence[EpochEnd],
    values: Mapping[Quantity, Mapping[str, float]] | None = None,
    *,
    rates: Floats | None = None,
    trivial: float = 1.0,
) -> list[str]:
    planned = np.full(PLANNED, 0.1) if rates is None else rates
    stop = VerdictStop(
        LAYERS,
        _Signals(values or {}),
        planned_steps=PLANNED,
        plan_rates=lambda: planned if len(planned) else None,
        trivial_loss=lambda: trivial,
        trivial_metric=lambda: 0.1,
    )
    return [stop.judge(end) for end in ends]


def _ends(*losses: float, variation: float = 1.0, metric: float = 0.1) -> list[EpochEnd]:
    return [
        EpochEnd(100 * (index + 1), train_loss=loss, slice_loss=loss, variation=variation, slice_metric=metric)
        for index, loss in enumerate(losses)
    ]


def _moving(first: float, second: float, *, outputs: float = 1.0) -> Mapping[Quantity, Mapping[str, float]]:
    return {
        Quantity.UPDATE_RATIO: {"linear_1.weight": first, "linear_2.weight": second},
        Quantity.FORWARD_RELATIVE: {"linear_1": 1.0, "relu_1": 1.0, "linear_2": outputs},
    }


UNKNOWN = np.empty(0)
FALLING = np.where(np.arange(PLANNED) < 500, 0.1, 0.01)
RISING = np.linspace(0.0, 0.1, PLANNED)


def test_a_plateau_alone_is_no_verdict() -> None:
    assert _judge(_ends(*[1.0] * 9), _moving(1e-5, 1e-5)) == [""] * 9


def test_a_loss_far_above_trivial_that_does_not_fall_is_lost_at_the_third_epoch() -> None:
    first, second, third = _judge(_ends(11.0, 12.0, 11.0))
    assert (first, second) == ("", "")
    assert "10 times" in third
    assert "after step 300 of 1,000" in third


@pytest.mark.parametrize("losses", [(13.0, 12.0, 11.0), (11.0, 12.0, 9.9), (9.9, 12.0, 12.0)])
def test_a_loss_that_falls_or_was_below_ten_times_trivial_is_not_lost(losses: tuple[float, ...]) -> None:
    assert _judge(_ends(*losses)) == ["", "", ""]


def test_a_run_that_has_learned_something_is_not_lost_by_its_loss() -> None:
    assert _judge(_ends(0.9, 11.0, 12.0, 13.0)) == [""] * 4


def test_running_statistics_that_lag_do_not_stop_a_run_that_trains() -> None:
    ends = [EpochEnd(100 * (i + 1), train_loss=0.5 - 0.1 * i, slice_loss=50.0, variation=1.0) for i in range(3)]
    assert _judge(ends) == ["", "", ""]


def test_a_high_loss_of_a_network_that_predicts_better_than_a_constant_stops_nothing() -> None:
    assert _judge(_ends(50, 50, 50, metric=0.1))[-1]
    assert not any(_judge(_ends(50, 50, 50, metric=0.6)))


@pytest.mark.parametrize("rates", [FALLING, RISING, UNKNOWN])
def test_a_high_loss_waits_for_a_learning_rate_that_will_change(rates: Floats) -> None:
    assert _judge(_ends(11.0, 12.0, 13.0), rates=rates) == ["", "", ""]


def test_a_trivial_loss_of_zero_says_nothing() -> None:
    assert _judge(_ends(1.0, 1.0, 1.0), trivial=0.0) == ["", "", ""]


def test_an_output_that_varies_no_more_in_a_network_that_stands_still_is_lost() -> None:
    first, second = _judge(_ends(1.0, 1.0, variation=1e-7), _moving(1e-7, 1e-7))
    assert first == ""
    assert "no longer depends on the input" in second


def test_the_variation_must_be_lost_at_two_epoch_ends() -> None:
    ends = [*_ends(1.0, variation=1e-5), *_ends(1.0, 1.0, variation=1e-7)[1:]]
    assert _judge(ends, _moving(1e-7, 1e-7)) == ["", ""]


def test_a_layer_that_moves_and_carries_signal_may_still_recover() -> None:
    assert _judge(_ends(1.0, 1.0, variation=1e-7), _moving(1e-5, 1e-7)) == ["", ""]


def test_a_layer_that_moves_without_signal_learns_an_offset_only() -> None:
    assert _judge(_ends(1.0, 1.0, variation=1e-7), _moving(1e-7, 1e-3, outputs=1e-6))[1]


def test_layers_that_move_enough_to_bring_the_variation_back_are_waited_for() -> None:
    assert _judge(_ends(1.0, 1.0, variation=9e-7), _moving(1e-7, 1.0, outputs=1e-6)) == ["", ""]


def test_a_pace_that_is_not_known_may_be_enough() -> None:
    values = {Quantity.UPDATE_RATIO: {"linear_1.weight": float("nan"), "linear_2.weight": 0.0}}
    assert _judge(_ends(1.0, 1.0, variation=0.0), values) == ["", ""]


def test_nothing_stops_during_warm_up() -> None:
    assert _judge(_ends(1.0, 1.0, variation=0.0), _moving(0.0, 0.0), rates=RISING) == ["", ""]


def test_a_lower_rate_to_come_shortens_what_is_left() -> None:
    # 800 steps at a pace of 5e-6 would move the weights by 4e-3; nearly all of them have a thousandth of the rate.
    rates = np.where(np.arange(PLANNED) < 210, 0.1, 1e-4)
    assert _judge(_ends(1.0, 1.0, variation=1e-7), _moving(5e-6, 1e-9)) == ["", ""]
    assert _judge(_ends(1.0, 1.0, variation=1e-7), _moving(5e-6, 1e-9), rates=rates)[1]


@pytest.mark.parametrize(("slope", "variation", "is_lost"), [(0.0, 0.0, True), (1e-3, 0.0, False), (0.0, 0.1, False)])
def test_a_dead_layer_on_the_only_path_is_lost_where_training_sees_it_dead_too(
    slope: float, variation: float, is_lost: bool
) -> None:
    values = {Quantity.DEAD_FRACTION: DEAD, Quantity.ACTIVATION_SLOPE: {"relu_1": slope}}
    reasons = _judge(_ends(1.0, 1.0, variation=variation), values)
    assert reasons[0] == ""
    assert ("dead units in relu_1" in reasons[1]) is is_lost


def test_a_layer_that_is_dead_but_for_one_unit_is_not_lost() -> None:
    values = {Quantity.DEAD_FRACTION: {"relu_1": 0.97}, Quantity.ACTIVATION_SLOPE: {"relu_1": 0.0}}
    assert _judge(_ends(1.0, 1.0, variation=0.0), values) == ["", ""]


def test_the_last_epoch_is_not_stopped() -> None:
    ends = [EpochEnd(step, train_loss=1.0, slice_loss=1.0, variation=0.0) for step in (500, PLANNED)]
    assert _judge(ends, _moving(0.0, 0.0)) == ["", ""]
