from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.recording.history import History, Quantity
from gradcheck_cli.rules.activation.dead_units import DeadUnits
from gradcheck_cli.rules.base import Finding, Severity
from tests.histories import make_description, make_history, make_layer, make_layers, sampled_steps

STEPS = np.array(sampled_steps(400))


def check(history: History, **thresholds: float) -> list[Finding]:
    return list(DeadUnits(**thresholds).check(history))


def dead(share: Any, *, layer: str = "relu_1", **fields: Any) -> History:
    return make_history(changes={Quantity.DEAD_FRACTION: {layer: share}}, **fields)


def test_ordinary_sparsity_is_left_alone() -> None:
    assert check(make_history()) == []


@pytest.mark.parametrize(("share", "found"), [(0.49, False), (0.5, False), (0.51, True)])
def test_share_on_each_side_of_the_limit(share: float, found: bool) -> None:
    assert bool(check(dead(share))) is found


def test_part_of_a_layer_warns_until_harm_is_shown() -> None:
    (finding,) = check(dead(0.7))
    assert finding.layers == ("relu_1",)
    assert finding.message.startswith("Most units of relu_1 are dead.")
    assert finding.level is Severity.WARNING
    assert finding.ceiling is Severity.ERROR


def test_whole_layer_is_an_error_by_itself() -> None:
    (finding,) = check(dead(1.0))
    assert finding.level is Severity.ERROR
    assert finding.message.startswith("All units of relu_1 are dead.")


def test_whole_layer_with_a_path_around_it_is_no_error_by_itself() -> None:
    block = make_layer("Residual", name="block")
    stem, relu, *rest = make_layers("Linear", "ReLU", "Linear", "ReLU", "Linear")
    inner = replace(relu, parent="block", branch="main")
    history = make_history(
        make_description((stem, inner, block, *rest)), changes={Quantity.DEAD_FRACTION: {"relu_1": 1.0}}
    )
    (finding,) = check(history)
    assert finding.level is Severity.WARNING


def test_units_that_come_back_are_left_alone() -> None:
    assert check(dead(np.where(STEPS < 390, 0.9, 0.1))) == []


def test_death_began_at_the_evaluation_before_it_showed() -> None:
    (finding,) = check(dead(np.where(STEPS < 200, 0.1, 0.9)))
    assert finding.first_step == 190
    (finding,) = check(dead(0.9))
    assert finding.first_step == 0


def test_layer_that_no_signal_reaches_is_left_to_vanishing_gradient() -> None:
    for share, found in [(0.04, False), (0.06, True)]:
        changes = {
            Quantity.DEAD_FRACTION: {"relu_2": 0.7},
            Quantity.FORWARD_SIGNAL: {"linear_1": 4.0, "linear_2": 4.0 * share},
        }
        assert bool(check(make_history(changes=changes))) is found


def test_layer_that_died_behind_a_dead_one_is_named_with_it() -> None:
    changes = {
        Quantity.DEAD_FRACTION: {"relu_1": 0.9, "relu_2": 1.0},
        Quantity.FORWARD_SIGNAL: {"linear_2": 0.0},
    }
    (finding,) = check(make_history(changes=changes))
    assert finding.layers == ("relu_1", "relu_2")
    assert finding.level is Severity.ERROR


def test_unknown_signal_does_not_hide_death() -> None:
    changes: dict[Quantity, dict[str, Any]] = {
        Quantity.DEAD_FRACTION: {"relu_2": 0.7},
        Quantity.FORWARD_SIGNAL: {"linear_2": None},
    }
    assert check(make_history(changes=changes))


def test_unknown_is_not_dead() -> None:
    assert check(dead(None)) == []


def test_part_of_a_very_narrow_layer_is_not_judged() -> None:
    narrow = make_description(make_layers("Linear", "ReLU", "Linear", width=4))
    for share, found in [(0.75, False), (1.0, True)]:
        assert bool(check(make_history(narrow, changes={Quantity.DEAD_FRACTION: {"relu_1": share}}))) is found


def test_saturating_activation_is_another_rules_concern() -> None:
    tanh = make_description(make_layers("Linear", "Tanh", "Linear"))
    assert check(make_history(tanh, changes={Quantity.DEAD_FRACTION: {"tanh_1": 1.0}})) == []


def test_function_that_is_flat_by_nature_is_another_rules_concern() -> None:
    changes = {
        Quantity.DEAD_FRACTION: {"relu_1": 1.0},
        Quantity.ACTIVATION_SLOPE: {"relu_1": 0.0},
        Quantity.SATURATED_FRACTION: {"relu_1": 0.0},
    }
    assert check(make_history(changes=changes)) == []


def test_threshold_can_be_set() -> None:
    assert check(dead(0.7), max_dead=0.8) == []


def test_fixes_without_a_config_are_advice() -> None:
    (finding,) = check(dead(0.7))
    fixes = DeadUnits().fixes(finding, None)
    assert fixes
    assert all(not fix.edits for fix in fixes)
