from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.recording.history import History, Quantity
from gradcheck_cli.rules.base import Finding
from gradcheck_cli.rules.gradient_flow.vanishing_gradient import VanishingGradient
from tests.histories import (
    make_description,
    make_epochs,
    make_history,
    make_layers,
    make_outcome,
    make_steps,
    sampled_steps,
)

DEEP = make_description(make_layers(*["Linear", "Sigmoid"] * 5, "Linear"))
STEPS = np.array(sampled_steps(400))
STUCK: dict[str, Any] = {"steps": make_steps(loss=2.3), "outcome": make_outcome(0.1, final_slice_loss=2.3)}


def check(history: History, **thresholds: float) -> list[Finding]:
    return list(VanishingGradient(**thresholds).check(history))


def fading(ratio: float) -> History:
    signal = {f"linear_{i}": ratio ** ((6 - i) / 5) for i in range(1, 7)}
    return make_history(DEEP, changes={Quantity.BACKWARD_SIGNAL: signal}, **STUCK)


def silent(sensitivity: Any, **fields: Any) -> History:
    rows = {f"linear_{i}": sensitivity for i in range(1, 7)}
    return make_history(DEEP, changes={Quantity.SENSITIVITY: rows}, **{**STUCK, **fields})


def test_healthy_run_is_left_alone() -> None:
    assert check(make_history()) == []


@pytest.mark.parametrize(("ratio", "found"), [(2.9e-3, True), (3.1e-3, False)])
def test_backward_signal_on_each_side_of_the_limit(ratio: float, found: bool) -> None:
    assert bool(check(fading(ratio))) is found


@pytest.mark.parametrize(("value", "found"), [(2.9e-3, True), (3.1e-3, False)])
def test_sensitivity_on_each_side_of_the_limit(value: float, found: bool) -> None:
    assert bool(check(silent(2.3 * value))) is found


def test_names_the_layers_that_get_too_little() -> None:
    (finding,) = check(fading(1e-5))
    assert finding.layers == ("linear_1", "linear_2", "linear_3")
    assert "before it reaches linear_1, linear_2 and linear_3." in finding.message
    assert finding.evidence[0].value == pytest.approx(1e-5)
    assert finding.evidence[0].limit == 3e-3


def test_layers_that_vanish_alike_are_told_by_sensitivity() -> None:
    (finding,) = check(silent(1e-6))
    assert finding.layers == tuple(f"linear_{i}" for i in range(1, 7))
    assert "linear_1 to linear_6" in finding.message
    assert finding.evidence[0].name == "smallest sensitivity over the loss"


def test_unit_of_the_loss_does_not_matter() -> None:
    steps, outcome = make_steps(loss=2.3e4), make_outcome(0.1, trivial_train_loss=2.3e4)
    assert check(silent(2.3e4 * 5e-3, steps=steps, outcome=outcome)) == []
    assert check(silent(2.3e4 * 5e-4, steps=steps, outcome=outcome))


def test_slow_start_that_recovers_is_left_alone() -> None:
    values = np.where(STEPS < 200, 1e-7, 1.0)
    assert check(silent(values)) == []


def test_recovery_at_the_very_end_counts() -> None:
    assert check(silent(np.where(STEPS < 390, 1e-7, 1.0))) == []


def test_zero_at_the_first_steps_of_a_zero_head_is_left_alone() -> None:
    values = np.where(STEPS < 5, 0.0, 1.0)
    changes = {Quantity.BACKWARD_SIGNAL: {"linear_1": values}, Quantity.SENSITIVITY: {"linear_1": values}}
    assert check(make_history(changes=changes)) == []


def test_solved_task_without_any_gradient_is_left_alone() -> None:
    loss = np.where(np.arange(400) < 30, 1.0, 0.0)
    zeros = np.where(STEPS < 30, 1.0, 0.0)
    rows = {layer.name: zeros for layer in DEEP.layers}
    changes = {Quantity.BACKWARD_SIGNAL: rows, Quantity.SENSITIVITY: rows}
    assert check(make_history(DEEP, changes=changes, steps=make_steps(loss=loss))) == []


def test_confident_network_with_small_loss_and_small_gradient_is_left_alone() -> None:
    loss = np.where(np.arange(400) < 30, 1.0, 1e-4)
    small = np.where(STEPS < 30, 1.0, 3e-5)
    assert check(silent(small, steps=make_steps(loss=loss), outcome=make_outcome())) == []


def test_frozen_first_layer_is_not_asked() -> None:
    first, *others = DEEP.layers
    frozen = replace(DEEP, layers=(replace(first, trainable=False), *others))
    assert check(make_history(frozen, changes={Quantity.BACKWARD_SIGNAL: {"linear_1": None}}, **STUCK)) == []


def test_signal_before_a_normalisation_means_nothing() -> None:
    layers = make_layers("Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d", "ReLU", "Linear")
    changes = {Quantity.BACKWARD_SIGNAL: {"linear_1": 1e-9}, Quantity.SENSITIVITY: {"linear_1": 1e-9}}
    assert check(make_history(make_description(layers), changes=changes)) == []


def test_unknown_is_not_zero() -> None:
    unknown = dict.fromkeys([layer.name for layer in DEEP.layers])
    changes = {Quantity.BACKWARD_SIGNAL: unknown, Quantity.SENSITIVITY: unknown}
    assert check(make_history(DEEP, changes=changes, **STUCK)) == []


def test_run_that_ends_before_a_tenth_of_its_plan_is_not_judged() -> None:
    short: dict[str, Any] = {"steps_done": 30, "steps": make_steps(30, loss=2.3), "epochs": make_epochs(1)}
    rows = {layer.name: 1e-9 for layer in DEEP.layers}
    history = make_history(DEEP, changes={Quantity.SENSITIVITY: rows}, **short)
    assert check(history) == []


def test_thresholds_can_be_set() -> None:
    assert check(fading(1e-4), min_ratio=1e-5, min_sensitivity=1e-9) == []


def in_own_module(history: History) -> History:
    return replace(history, description=replace(history.description, from_config=False, is_sequence=False))


def test_a_side_branch_of_ones_own_module_may_carry_little() -> None:
    signal = {"linear_1": 1e-6, **{f"linear_{i}": 1.0 for i in range(2, 7)}}
    history = make_history(DEEP, changes={Quantity.BACKWARD_SIGNAL: signal}, **STUCK)
    assert check(history)
    assert check(in_own_module(history)) == []
    weak = make_history(DEEP, changes={Quantity.SENSITIVITY: {"linear_3": 1e-9}}, **STUCK)
    assert check(weak)
    assert check(in_own_module(weak)) == []


def test_a_gradient_that_fades_along_ones_own_module_is_found() -> None:
    (finding,) = check(in_own_module(fading(1e-5)))
    assert finding.layers[0] == "linear_1"
    (finding,) = check(in_own_module(silent(1e-9)))
    assert finding.layers == ("linear_6",)


def test_the_loss_at_the_start_stands_in_for_an_unknown_trivial_loss() -> None:
    assert check(replace(silent(2.3 * 2.9e-3), outcome=None))
    assert check(replace(silent(2.3 * 3.1e-3), outcome=None)) == []
    assert check(replace(make_history(), outcome=None)) == []
