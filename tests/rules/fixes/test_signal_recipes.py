from __future__ import annotations

from typing import Any

from gradcheck_cli.config.schema import Config
from gradcheck_cli.rules.fixes.signal_recipes import desaturate, reinitialize, restore_gradient, revive_units
from tests.config.configs import load

CONSTANT = {"type": "constant_", "val": -8.0}


def network(activation: Any = "ReLU", *, lr: float = 0.1, **model: Any) -> Config:
    layers = [{"type": "Linear", "out_features": 16}, activation, {"type": "Linear", "out_features": 10}]
    return load(
        data={"type": "digits", "standardize": True},
        model={"layers": layers, **model},
        optimizer={"type": "SGD", "lr": lr},
    )


def test_biases_that_kill_are_drawn_anew_first() -> None:
    fix = revive_units(network(bias_init=CONSTANT))[0]
    assert {edit.path: edit.value for edit in fix.edits} == {
        "model.weight_init": "kaiming_normal_",
        "model.bias_init": "zeros_",
    }


def test_biases_written_on_a_layer_are_found_too() -> None:
    layer = {"type": "Linear", "out_features": 16, "bias_init": CONSTANT}
    config = load(model={"layers": [{"repeat": 2, "layers": [layer, "ReLU"]}, {"type": "Linear", "out_features": 10}]})
    assert revive_units(config)[0].title.startswith("Draw the weights by He initialisation")


def test_rate_far_above_the_usual_one_is_taken_down_first() -> None:
    fix = revive_units(network(lr=5.0))[0]
    assert [(edit.path, edit.value) for edit in fix.edits] == [("optimizer.lr", 0.1)]


def test_units_that_die_without_another_fault_get_a_leaky_slope() -> None:
    assert revive_units(network())[0].title == "Use LeakyReLU in place of ReLU"


def test_saturating_activations_are_replaced_after_what_causes_it() -> None:
    titles = [fix.title for fix in desaturate(network("Tanh", bias_init={"type": "constant_", "val": 5.0}))]
    assert titles[0].startswith("Draw the weights by Xavier initialisation")
    assert any("in place of the saturating activations" in title for title in titles[1:])


def test_flat_function_becomes_a_smooth_one() -> None:
    fix = restore_gradient(network({"type": "Elementwise", "function": "sign"}))[0]
    assert [(edit.path, edit.value) for edit in fix.edits] == [("model.layers[1]", "Tanh")]


def test_function_with_a_slope_is_kept() -> None:
    fixes = restore_gradient(network({"type": "Elementwise", "function": "sin"}))
    assert not any("flat" in fix.title for fix in fixes)


def test_weights_that_begin_wrong_are_drawn_anew_first() -> None:
    fix = reinitialize(network(weight_init={"type": "normal_", "std": 0.001}))[0]
    assert fix.edits[0].path == "model.weight_init"
