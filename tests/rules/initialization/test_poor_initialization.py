from __future__ import annotations

from dataclasses import replace

import pytest

from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.initialization.poor_initialization import PoorInitialization
from tests.histories import make_description, make_history, make_layer, make_layers, make_linted, make_outcome

TYPES = ("Linear", "ReLU", "Linear", "ReLU", "Linear", "ReLU", "Linear")


def check(history: History, **thresholds: float) -> list[Finding]:
    return list(PoorInitialization(**thresholds).check(history))


def drawn(layer: LayerDescription, std: float) -> LayerDescription:
    weight, *others = layer.parameters
    return replace(layer, parameters=(replace(weight, init_std=std), *others))


def alike(layer: LayerDescription) -> LayerDescription:
    weight, *others = layer.parameters
    return replace(layer, parameters=(replace(weight, init_std=0.0, init_symmetric=True), *others))


def network(factors: dict[str, float], *types: str) -> History:
    """Hidden layers 64 units wide, from 64 inputs; a weight of standard deviation 1 / 8 keeps the signal."""
    layers = [
        drawn(layer, factors.get(layer.name, 1.0) / 8) if layer.parameters else layer
        for layer in make_layers(*(types or TYPES), width=64)
    ]
    return make_history(make_description(layers))


def symmetric(*names: str, at_end: tuple[str, ...] = ()) -> History:
    layers = [alike(layer) if layer.name in names else layer for layer in make_layers(*TYPES)]
    return make_history(make_description(layers), symmetric_at_end=at_end)


def test_usual_initialisation_is_left_alone() -> None:
    assert check(make_history()) == []
    assert check(network({"linear_1": 0.5, "linear_2": 0.5, "linear_3": 1.8})) == []


@pytest.mark.parametrize(
    ("factors", "found"),
    [
        ({"linear_1": 17.0, "linear_2": 17.0}, False),
        ({"linear_1": 18.0, "linear_2": 18.0}, True),
        ({"linear_1": 0.02, "linear_2": 2e-3}, False),
        ({"linear_1": 0.02, "linear_2": 1e-3}, True),
    ],
)
def test_gain_over_depth_on_each_side_of_the_limit(factors: dict[str, float], found: bool) -> None:
    assert bool(check(network(factors))) is found


def test_many_layers_slightly_off_are_not_the_fault_of_any() -> None:
    factors = {f"linear_{i}": 0.4 for i in range(1, 20)}
    assert check(network(factors, *["Linear", "Tanh"] * 19, "Linear")) == []


def test_names_the_layers_whose_weights_are_too_small() -> None:
    (finding,) = check(network({"linear_1": 1e-3, "linear_3": 1e-3}))
    assert finding.layers == ("linear_1", "linear_3")
    assert finding.message.startswith("The initial weights of linear_1 and linear_3 are far too small.")
    assert finding.level is Severity.WARNING
    assert finding.first_step is None


def test_last_layer_may_start_small() -> None:
    assert check(network({"linear_4": 1e-9})) == []


def test_scale_before_a_normalisation_is_undone_by_it() -> None:
    types = ("Linear", "ReLU", "Linear", "BatchNorm1d", "ReLU", "Linear")
    assert check(network({"linear_1": 100.0, "linear_2": 100.0}, *types)) == []


def test_layer_that_only_changes_the_width_is_as_it_should_be() -> None:
    layers = [drawn(layer, 0.03) if layer.parameters else layer for layer in make_layers(*TYPES, width=1000, inputs=1)]
    assert check(make_history(make_description(layers))) == []


def test_frozen_layer_is_not_asked() -> None:
    layers = [
        replace(layer, trainable=False) if layer.name == "linear_1" else layer
        for layer in network({"linear_1": 1e-6}).description.layers
    ]
    assert check(make_history(make_description(layers))) == []


@pytest.mark.parametrize(("loss", "found"), [(2.9 * 2.3, False), (3.1 * 2.3, True)])
def test_first_loss_on_each_side_of_the_limit(loss: float, found: bool) -> None:
    history = replace(network({"linear_4": 10.0}), outcome=make_outcome(initial_slice_loss=loss))
    assert bool(check(history)) is found


def test_large_first_loss_without_large_weights_has_another_cause() -> None:
    assert check(replace(network({}), outcome=make_outcome(initial_slice_loss=100.0))) == []


def test_large_first_loss_of_a_regression_means_raw_targets() -> None:
    history = replace(network({"linear_4": 10.0}), outcome=make_outcome(initial_slice_loss=100.0))
    data = replace(history.description.data, task="regression")
    assert check(replace(history, description=replace(history.description, data=data))) == []


def test_equal_units_that_stay_equal_are_an_error_by_themselves() -> None:
    (finding,) = check(symmetric("linear_2", at_end=("linear_2.weight",)))
    assert finding.layers == ("linear_2",)
    assert finding.message == "All units of linear_2 start with equal weights."
    assert finding.level is Severity.ERROR


def test_equal_units_that_come_apart_only_warn() -> None:
    (finding,) = check(symmetric("linear_2"))
    assert finding.level is Severity.WARNING


def test_equal_units_are_an_error_in_lint() -> None:
    (finding,) = check(make_linted(symmetric("linear_2").description))
    assert finding.level is Severity.ERROR


def test_scale_is_not_judged_in_lint() -> None:
    assert check(make_linted(network({"linear_1": 1e-9}).description)) == []


def test_zero_head_is_common_practice() -> None:
    assert check(symmetric("linear_4", at_end=("linear_4.weight",))) == []


def test_zero_weights_inside_a_residual_branch_are_common_practice() -> None:
    stem, relu, inner, *rest = make_layers(*TYPES)
    branch = replace(alike(inner), parent="block", branch="main")
    layers = (stem, relu, branch, make_layer("Residual", name="block"), *rest)
    assert check(make_history(make_description(layers))) == []


def test_outputs_of_a_grouped_convolution_see_different_inputs() -> None:
    layers = make_layers("Conv2d", "ReLU", "Conv2d", "ReLU", "Linear")
    grouped = replace(alike(layers[2]), arguments={"groups": 4})
    assert check(make_history(make_description((*layers[:2], grouped, *layers[3:])))) == []


def test_thresholds_can_be_set() -> None:
    assert check(network({"linear_1": 30.0, "linear_2": 30.0}), max_gain=1e4) == []


def test_fixes_without_a_config_are_advice() -> None:
    (finding,) = check(symmetric("linear_2"))
    fixes = PoorInitialization().fixes(finding, None)
    assert fixes
    assert all(not fix.edits for fix in fixes)
