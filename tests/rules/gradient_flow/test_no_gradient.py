from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.recording.history import History, Quantity, Signal
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.gradient_flow.no_gradient import NoGradient
from tests.histories import make_description, make_history, make_layers, make_steps, sampled_steps

STEPS = np.array(sampled_steps(400))


def check(history: History, **thresholds: float) -> list[Finding]:
    return list(NoGradient(**thresholds).check(history))


def gradients(rows: dict[str, Any]) -> History:
    return make_history(changes={Quantity.GRADIENT_NORM: rows})


def test_healthy_run_is_left_alone() -> None:
    assert check(make_history()) == []


def test_weights_without_gradient_are_named() -> None:
    (finding,) = check(gradients({"linear_1.weight": 0.0, "linear_2.weight": 0.0}))
    assert finding.layers == ("linear_1", "linear_2")
    assert finding.message == "The weights of linear_1 and linear_2 never got a gradient."
    assert finding.first_step == 0
    assert finding.level is Severity.WARNING


def test_weight_that_backward_never_reached_has_no_gradient_either() -> None:
    assert check(gradients({"linear_1.weight": None}))


@pytest.mark.parametrize("value", [1e-30, 1.0])
def test_one_step_with_a_gradient_is_enough(value: float) -> None:
    rows = {f"linear_{i}.weight": np.where(STEPS == 200, value, 0.0) for i in (1, 2, 3)}
    assert check(gradients(rows)) == []


def test_layer_behind_a_zero_head_gets_its_gradient_later() -> None:
    assert check(gradients({"linear_1.weight": np.where(STEPS == 0, 0.0, 0.3)})) == []


def test_biases_are_not_asked() -> None:
    assert check(gradients({"linear_1.bias": 0.0})) == []


def test_frozen_and_effectless_weights_are_not_asked() -> None:
    for change in ({"trainable": False}, {"no_effect": "the normalisation removes it"}):
        layers = list(make_layers("Linear", "ReLU", "Linear"))
        weight, bias = layers[0].parameters
        layers[0] = replace(layers[0], parameters=(replace(weight, **change), bias))
        changes = {Quantity.GRADIENT_NORM: {"linear_1.weight": 0.0}}
        assert check(make_history(make_description(layers), changes=changes)) == []


def test_zero_at_the_end_of_a_gradient_that_fades_is_left_to_vanishing_gradient() -> None:
    rows = {"linear_1.weight": 0.0, "linear_2.weight": 1e-20, "linear_3.weight": 1.0}
    assert check(gradients(rows)) == []


def test_not_a_number_is_not_zero() -> None:
    assert check(gradients({"linear_1.weight": np.nan})) == []


def test_activation_that_is_flat_everywhere_is_pointed_at() -> None:
    flat: dict[Any, Any] = {Quantity.ACTIVATION_SLOPE: {"relu_2": 0.0}, Quantity.SATURATED_FRACTION: {"relu_2": 0.0}}
    rows = {"linear_1.weight": 0.0, "linear_2.weight": 0.0}
    (finding,) = check(make_history(changes={Quantity.GRADIENT_NORM: rows, **flat}))
    assert finding.path == "model.layers[3]"
    assert "relu_2 passes none on, being flat everywhere." in finding.message


def test_very_short_run_is_not_judged() -> None:
    history = gradients({"linear_1.weight": 0.0})
    assert check(replace(history, steps=make_steps(9))) == []
    assert check(replace(history, steps=make_steps(10)))


def test_says_why_it_cannot_decide_without_gradient_norms() -> None:
    history = make_history()
    signals: dict[Quantity, Signal] = {
        key: signal for key, signal in history.signals.items() if key is not Quantity.GRADIENT_NORM
    }
    assert NoGradient().skip_reason(replace(history, signals=signals))
    assert NoGradient().skip_reason(history) == ""


def test_fixes_without_a_config_are_advice() -> None:
    (finding,) = check(gradients({"linear_1.weight": 0.0}))
    fixes = NoGradient().fixes(finding, None)
    assert fixes
    assert all(not fix.edits for fix in fixes)
