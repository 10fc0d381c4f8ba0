from __future__ import annotations

import numpy as np
import pytest

from gradcheck_cli.recording.history import History, Quantity
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.gradient_flow.exploding_gradient import ExplodingGradient
from tests.histories import make_history, make_outcome, make_steps, sampled_steps

STEPS = np.array(sampled_steps(400))
EARLY = STEPS < 5
HUGE_LOSS = np.where(np.arange(400) < 10, 500.0, 3.0)


def check(history: History, **thresholds: float) -> list[Finding]:
    return list(ExplodingGradient(**thresholds).check(history))


def at_start(*, sensitivity: float = 1.0, backward: float = 0.5, loss: object = HUGE_LOSS) -> History:
    changes = {
        Quantity.SENSITIVITY: {"linear_1": np.where(EARLY, sensitivity, 1.0)},
        Quantity.BACKWARD_SIGNAL: {"linear_1": np.where(EARLY, backward, 0.5)},
    }
    return make_history(changes=changes, steps=make_steps(loss=loss))  # type: ignore[arg-type]


def spike(*, norm: float, at: int = 200, loss_after: float = 5.0, clip: float = 1.0, end: float = 5.0) -> History:
    step = np.arange(400)
    steps = make_steps(
        loss=np.where(step > at, loss_after, 1.0),
        gradient_norm=np.where(step == at, norm, 1.0),
        clip_factor=np.where(step == at, clip, 1.0),
    )
    return make_history(steps=steps, outcome=make_outcome(final_slice_loss=end))


def test_healthy_run_is_left_alone() -> None:
    assert check(make_history()) == []


@pytest.mark.parametrize(("over_trivial", "found"), [(1.1e3, True), (0.9e3, False)])
def test_sensitivity_at_the_start_on_each_side(over_trivial: float, found: bool) -> None:
    assert bool(check(at_start(sensitivity=2.3 * over_trivial))) is found


@pytest.mark.parametrize(("ratio", "found"), [(1.1e3, True), (0.9e3, False)])
def test_growth_of_the_backward_signal_on_each_side(ratio: float, found: bool) -> None:
    assert bool(check(at_start(backward=0.5 * ratio))) is found


def test_large_signal_without_a_large_loss_is_left_alone() -> None:
    assert check(at_start(sensitivity=1e6, loss=3.0)) == []


@pytest.mark.parametrize(("over_trivial", "found"), [(31.0, True), (29.0, False)])
def test_first_losses_on_each_side(over_trivial: float, found: bool) -> None:
    loss = np.where(np.arange(400) < 5, 2.3 * over_trivial, 3.0)
    assert bool(check(at_start(sensitivity=1e6, loss=loss))) is found


def test_single_large_update_that_throws_the_run_off_is_found() -> None:
    rows = {"linear_1.weight": np.where(STEPS == 4, 5.0, 1e-3)}
    lost = make_steps(loss=np.where(np.arange(400) <= 4, 1.0, 30.0))
    (finding,) = check(make_history(changes={Quantity.UPDATE_RATIO: rows}, steps=lost))
    assert finding.first_step == 4
    at_chance = make_steps(loss=2.3)
    assert check(make_history(changes={Quantity.UPDATE_RATIO: rows}, steps=at_chance)) == []


def test_large_first_losses_without_a_large_signal_are_left_alone() -> None:
    assert check(at_start(sensitivity=80.0)) == []


def test_overflow_at_the_start_counts_as_large() -> None:
    (finding,) = check(at_start(sensitivity=np.inf))
    assert finding.layers == ("linear_1",)
    assert finding.first_step == 0


@pytest.mark.parametrize(("ratio", "found"), [(1.1, True), (0.9, False)])
def test_updates_larger_than_the_weights_on_each_side(ratio: float, found: bool) -> None:
    rows = {"linear_2.weight": np.where(STEPS > 100, ratio, 1e-3)}
    assert bool(check(make_history(changes={Quantity.UPDATE_RATIO: rows}))) is found


def test_large_first_updates_that_settle_are_left_alone() -> None:
    rows = {"linear_1.weight": np.where(STEPS <= 30, 1.4, 1e-3)}
    assert check(make_history(changes={Quantity.UPDATE_RATIO: rows})) == []


def test_a_single_large_update_is_left_alone() -> None:
    rows = {"linear_1.weight": np.where(STEPS == 200, 3.0, 1e-3)}
    assert check(make_history(changes={Quantity.UPDATE_RATIO: rows})) == []


def test_biases_may_move_by_more_than_their_size() -> None:
    assert check(make_history(changes={Quantity.UPDATE_RATIO: {"linear_1.bias": 5.0}})) == []


@pytest.mark.parametrize(("norm", "found"), [(110.0, True), (90.0, False)])
def test_spike_with_a_worse_loss_on_each_side(norm: float, found: bool) -> None:
    assert bool(check(spike(norm=norm))) is found


def test_spike_from_which_the_run_recovers_is_left_alone() -> None:
    assert check(spike(norm=1e4, loss_after=0.5)) == []


def test_spike_of_a_solved_run_is_left_alone() -> None:
    step = np.arange(400)
    steps = make_steps(loss=np.where(step > 200, 2e-4, 1e-4), gradient_norm=np.where(step == 200, 0.5, 1e-4))
    assert check(make_history(steps=steps)) == []


def test_run_that_ends_in_nan_after_a_spike_is_found() -> None:
    (finding,) = check(spike(norm=1e6, at=390, loss_after=np.nan, end=np.nan))
    assert finding.first_step == 390
    assert finding.level is Severity.WARNING
    assert finding.ceiling is Severity.ERROR


def test_spike_that_clipping_contained_is_a_note() -> None:
    (finding,) = check(spike(norm=1e4, clip=1e-4))
    assert finding.ceiling is Severity.INFO
    assert "Clipping contained it." in finding.message


def test_explosion_under_clipping_that_ended_badly_is_no_note() -> None:
    (finding,) = check(spike(norm=1e6, clip=0.01))
    assert finding.ceiling is Severity.ERROR


def test_run_without_signals_is_judged_by_its_norms() -> None:
    history = spike(norm=1e6)
    assert check(make_history(steps=history.steps, signals={}))
