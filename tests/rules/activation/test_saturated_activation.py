from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck_cli.recording.history import History, Quantity
from gradcheck_cli.rules.activation.saturated_activation import SaturatedActivation
from gradcheck_cli.rules.base import Finding
from tests.histories import make_description, make_history, make_layers, sampled_steps

TANH = make_description(make_layers("Linear", "Tanh", "Linear", "Tanh", "Linear"))
STEPS = np.array(sampled_steps(400))


def check(history: History, **thresholds: float) -> list[Finding]:
    return list(SaturatedActivation(**thresholds).check(history))


def saturated(share: Any, *, layer: str = "tanh_1", **fields: Any) -> History:
    return make_history(TANH, changes={Quantity.SATURATED_FRACTION: {layer: share}}, **fields)


def test_healthy_run_is_left_alone() -> None:
    assert check(make_history(TANH)) == []


@pytest.mark.parametrize(("share", "found"), [(0.59, False), (0.61, True)])
def test_share_on_each_side_of_the_limit(share: float, found: bool) -> None:
    assert bool(check(saturated(share))) is found


def test_names_the_layer_and_the_first_step() -> None:
    (finding,) = check(saturated(np.where(STEPS < 20, 0.1, 0.9), layer="tanh_2"))
    assert finding.layers == ("tanh_2",)
    assert finding.first_step == 20
    assert finding.message.startswith("tanh_2 works where the activation is flat.")
    assert finding.evidence[0].value == pytest.approx(0.9)


def test_units_that_saturate_late_since_the_task_is_solved_are_left_alone() -> None:
    assert check(saturated(np.where(STEPS < 120, 0.3, 0.95))) == []


def test_saturation_that_is_overcome_is_left_alone() -> None:
    assert check(saturated(np.where(STEPS < 390, 0.95, 0.3))) == []


def test_rectifiers_do_not_saturate() -> None:
    assert check(make_history(changes={Quantity.SATURATED_FRACTION: {"relu_1": 0.95}})) == []


def test_activation_of_the_output_may_saturate() -> None:
    layers = make_description(make_layers("Linear", "ReLU", "Linear", "Sigmoid"))
    assert check(make_history(layers, changes={Quantity.SATURATED_FRACTION: {"sigmoid_1": 0.99}})) == []


def test_unknown_is_not_saturated() -> None:
    assert check(saturated(None)) == []


def test_run_that_ends_before_a_tenth_of_its_plan_is_not_judged() -> None:
    assert check(saturated(0.99, steps_done=30)) == []


def test_threshold_can_be_set() -> None:
    assert check(saturated(0.7), max_saturated=0.8) == []


def test_fixes_without_a_config_are_advice() -> None:
    (finding,) = check(saturated(0.9))
    fixes = SaturatedActivation().fixes(finding, None)
    assert fixes
    assert all(not fix.edits for fix in fixes)
