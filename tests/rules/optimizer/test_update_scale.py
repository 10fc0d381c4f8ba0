from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.recording.history import History, Quantity
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.optimizer.update_scale import UpdateScale
from tests.histories import make_description, make_history, make_layers, make_outcome, make_steps, sampled_steps

STEPS = np.array(sampled_steps(400))
WEIGHTS = ("linear_1.weight", "linear_2.weight", "linear_3.weight")


def check(history: History, **thresholds: float) -> list[Finding]:
    return list(UpdateScale(**thresholds).check(history))


def updates(value: Any, **fields: Any) -> History:
    return make_history(changes={Quantity.UPDATE_RATIO: dict.fromkeys(WEIGHTS, value)}, **fields)


def test_ordinary_steps_are_left_alone() -> None:
    assert check(make_history()) == []


@pytest.mark.parametrize(("value", "found"), [(2.9e-5, True), (3.1e-5, False), (0.09, False), (0.11, True)])
def test_band_on_each_side(value: float, found: bool) -> None:
    assert bool(check(updates(value))) is found


def test_fastest_tensor_speaks_for_the_network() -> None:
    rows = {WEIGHTS[0]: 1e-9, WEIGHTS[1]: 1e-9, WEIGHTS[2]: 1e-3}
    assert check(make_history(changes={Quantity.UPDATE_RATIO: rows})) == []


def test_says_which_way_the_steps_are_off() -> None:
    (tiny,), (huge,) = check(updates(1e-6)), check(updates(0.5))
    assert tiny.message.startswith("The steps are tiny beside the weights they change.")
    assert huge.message.startswith("The steps are huge beside the weights they change.")


def test_schedule_that_is_low_in_the_middle_does_not_count() -> None:
    rate = np.where((np.arange(400) >= 100) & (np.arange(400) <= 300), 1e-4, 0.1)
    assert (
        check(updates(np.where((STEPS >= 100) & (STEPS <= 300), 1e-6, 1e-3), steps=make_steps(learning_rate=rate)))
        == []
    )


def test_only_the_middle_half_counts() -> None:
    assert check(updates(np.where(STEPS < 100, 0.5, 1e-3))) == []
    assert check(updates(np.where(STEPS > 300, 1e-9, 1e-3))) == []


def test_tensors_that_began_as_zeros_are_not_asked() -> None:
    layers = make_layers("Linear", "ReLU", "Linear")
    weight, bias = layers[2].parameters
    zero = replace(layers[2], parameters=(replace(weight, init_std=0.0), bias))
    changes = {Quantity.UPDATE_RATIO: {"linear_1.weight": 1e-3, "linear_2.weight": 0.5}}
    assert check(make_history(make_description((*layers[:2], zero)), changes=changes)) == []


def test_biases_are_not_asked() -> None:
    assert check(make_history(changes={Quantity.UPDATE_RATIO: {"linear_1.bias": 0.9}})) == []


def test_unknown_is_not_zero() -> None:
    assert check(updates(None)) == []


def test_never_more_than_a_warning_and_only_with_harm() -> None:
    harmed = judge(updates(1e-6, outcome=make_outcome(0.1, final_slice_loss=2.3)), select=["GC204"])
    assert [finding.severity for finding in harmed.findings] == [Severity.WARNING]
    assert judge(updates(1e-6), select=["GC204"]).findings == ()


def test_thresholds_can_be_set() -> None:
    assert check(updates(0.2), max_update=0.3) == []


def test_fixes_without_a_config_are_advice() -> None:
    for value in (1e-6, 0.5):
        (finding,) = check(updates(value))
        fixes = UpdateScale().fixes(finding, None)
        assert fixes
        assert all(not fix.edits for fix in fixes)
