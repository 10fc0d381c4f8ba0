"""Entries of `layers`: types, arguments, groups, containers, and what is said where they are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.config.catalog import LAYERS
from gradcheck_cli.config.own_layers import OWN_LAYERS
from tests.config.configs import layer_problem, load, only_problem, problems_of

LINEAR = {"type": "Linear", "out_features": 3}


def test_a_misspelt_argument() -> None:
    assert layer_problem({"type": "Linear", "out_feature": 3}) == (
        "model.layers[0].out_feature: unknown argument 'out_feature' of Linear; allowed: in_features, out_features, "
        "bias, repeat, name, trainable, weight_init, bias_init; did you mean 'out_features'?"
    )


@pytest.mark.parametrize(
    ("layer", "path", "hint"),
    [
        ("Dense", "model.layers[0]", "did you mean 'Linear'?"),
        ({"type": "Dense", "units": 3}, "model.layers[0].type", "did you mean 'Linear'?"),
        ("relu", "model.layers[0]", "did you mean 'ReLU'?"),
        ("torch.nn.ReLU", "model.layers[0]", "did you mean 'ReLU'?"),
        ({"type": "Conv2D"}, "model.layers[0].type", "did you mean 'Conv2d'?"),
        ("LayerNormalization", "model.layers[0]", "did you mean 'LayerNorm'?"),
        ("residual", "model.layers[0]", "did you mean 'Residual'?"),
        ("Quux", "model.layers[0]", ""),
    ],
)
def test_unknown_types_get_the_name_they_have_here(layer: Any, path: str, hint: str) -> None:
    [problem] = problems_of(model={"layers": [layer]})
    assert (problem.path, problem.hint) == (path, hint)
    assert problem.message.startswith("unknown layer ")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Transformer", "its forward takes src, tgt; use TransformerEncoderLayer"),
        ("LazyLinear", "input sizes are inferred for every layer; use Linear"),
        ("MaxUnpool2d", "its forward takes input, indices"),
        ("GRUCell", "one step of a recurrence, with a state to pass on; use GRU"),
    ],
)
def test_types_that_are_left_out_say_why(name: str, reason: str) -> None:
    assert layer_problem(name) == f"model.layers[0]: {name} cannot be used: {reason}"


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("out_features", "10", "'10' is not a whole number; allowed: a whole number of at least 1; "),
        ("out_features", 3.0, "3.0 is not a whole number; allowed: a whole number of at least 1; write 3"),
        ("out_features", True, "true is not a whole number; allowed: a whole number of at least 1"),
        ("out_features", 0, "0 is not possible; allowed: a whole number of at least 1"),
        ("out_features", [3], "[3] is not a whole number; allowed: a whole number of at least 1"),
        ("bias", 1, "1 is not true or false; allowed: true or false"),
        ("repeat", 0, "0 is not possible; allowed: a whole number from 1 to 10000"),
        ("trainable", "no", "'no' is not true or false; allowed: true or false"),
        ("name", "a.b", "'a.b' cannot be the name of a layer; allowed: letters, digits, '_' and '-', at most 64"),
        ("name", "1st", "'1st' cannot be the name of a layer"),
        ("name", 3, "3 is not text or null; allowed: text or null; write it in quotes if text is meant"),
        ("device", "cpu", "the argument 'device' of Linear is not offered: it is set by 'trainer.device'"),
        ("weight_init", "he_normal", "unknown initialiser 'he_normal'"),
        ("weight_init", {"type": "normal_", "std": -1}, "-1 is not possible; allowed: a number of at least 0"),
        ("weight_init", {"type": "uniform_", "a": 1.0, "b": 0.5}, "0.5 is below 'a', which is 1.0"),
        ("weight_init", "dirac_", "dirac_ cannot fill the weight of Linear, which has 2 dimensions"),
        ("bias_init", "kaiming_normal_", "kaiming_normal_ cannot fill a bias, which has 1 dimension"),
    ],
)
def test_wrong_values_on_a_linear_layer(argument: str, value: Any, message: str) -> None:
    text = layer_problem({**LINEAR, argument: value})
    assert text.startswith(f"model.layers[0].{argument}")
    assert f": {message}" in text


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            "Linear",
            "model.layers[0]: Linear needs 'out_features', which is missing; allowed: a whole number of at least 1",
        ),
        ({"type": "Dropout", "p": 1.5}, "model.layers[0].p: 1.5 is not possible; allowed: a number from 0 to 1"),
        ({"type": "Dropout", "rate": 0.5}, "model.layers[0].rate: unknown argument 'rate' of Dropout; allowed: p, "),
        ({"type": "GRU", "hidden_size": 3, "batch_first": False}, "allowed: true: data is [N, T, D] here"),
        ({"type": "Elementwise", "function": "sine"}, "did you mean 'sin'?"),
        ({"type": "Permute", "dims": [0, 0]}, "[0, 0] does not name each dimension from 0 to 1 once"),
        ({"type": "Reshape", "shape": [-1, -1]}, "[-1, -1] is not a shape: at most one entry may be -1, and none 0"),
        ({"type": "Conv2d", "out_channels": 4, "kernel_size": [3]}, "[3] is not a whole number or a list of 2 whole"),
        ({"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "groups": 3}, "3 does not divide 'out_channels'"),
        ({"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": -1}, "-1 is not possible"),
        ({"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": "sam"}, "did you mean 'same'?"),
        (
            {"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": "same", "stride": 2},
            "'same' needs a stride of 1",
        ),
        ({"type": "MultiheadAttention", "num_heads": 3, "embed_dim": 8}, "3 does not divide 'embed_dim', which is 8"),
        ({"type": "MultiheadAttention", "num_heads": 3, "kdim": 8}, "attention here is self-attention"),
        ({"type": "GroupNorm", "num_groups": 3, "num_channels": 8}, "3 does not divide 'num_channels', which is 8"),
        ({"type": "RReLU", "lower": 0.5}, "0.5 is not below 'upper'"),
        ({"type": "Upsample"}, "Upsample needs either 'size' or 'scale_factor'"),
        ({"type": "ReLU", "weight_init": "zeros_"}, "ReLU has no weights"),
        ({"type": "BatchNorm1d", "affine": False, "weight_init": "ones_"}, "BatchNorm1d with these arguments has no w"),
        ({**LINEAR, "bias": False, "bias_init": "zeros_"}, "Linear with these arguments has no bias"),
        ({**LINEAR, "layers": ["ReLU"]}, "'layers' stands on Residual, or in a group without a type"),
        ({**LINEAR, "shortcut": ["ReLU"]}, "'shortcut' stands on Residual"),
        ({"type": "Residual"}, "model.layers[0]: Residual needs 'layers', which is missing"),
        ("Residual", "model.layers[0]: Residual needs 'layers', which is missing"),
        ({"type": "Residual", "layers": []}, "model.layers[0].layers: the list of layers is empty"),
        ({"type": "Residual", "layers": ["ReLU"], "weight_init": "zeros_"}, "write it on the layers inside"),
        ({"type": "Concat", "branches": ["ReLU"]}, "model.layers[0].branches[0]: 'ReLU' is not a list"),
        ({"repeat": 3}, "model.layers[0]: a group needs 'layers', which is missing"),
        ({"repeat": 2, "layers": ["ReLU"], "name": "block"}, "write it on the layers in the group"),
        ({"repeat": 200, "layers": [{"repeat": 200, "layers": ["ReLU"]}]}, "there are 40000 layers; allowed: at most"),
        ({"Linear": {"out_features": 3}}, "write {type: Linear, ...} with the arguments beside 'type'"),
        ({"_target_": "torch.nn.Linear", "out_features": 3}, "write 'type: Linear' instead of '_target_'"),
        (3, "model.layers[0]: 3 is not the name of a layer; allowed: a name, or a mapping with 'type'"),
    ],
)
def test_wrong_entries(layer: Any, message: str) -> None:
    assert message in layer_problem(layer)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("units", "write 'out_features'"),
        ("activation", "write the activation as the next entry of 'layers'"),
        ("kernel_initializer", "write 'weight_init'"),
        ("use_bias", "write 'bias'"),
        ("input_dim", "input sizes are inferred; leave it out"),
        ("init_args", "write the arguments beside 'type'"),
        # Linear has no `kernel_size`, so the hint that leads there would mislead.
        ("pool_size", ""),
    ],
)
def test_arguments_of_other_tools(key: str, hint: str) -> None:
    [problem] = problems_of(model={"layers": [{**LINEAR, key: 8}]})
    assert problem.hint == hint


def test_names_stand_once() -> None:
    assert layer_problem({**LINEAR, "name": "a"}, {"repeat": 2, "layers": [{**LINEAR, "name": "a"}]}) == (
        "model.layers[1].layers[0].name: the name 'a' is taken by model.layers[0]; allowed: a name of its own"
    )


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"layers": []}, "model.layers: the list of layers is empty; allowed: at least one layer"),
        ({"layers": "ReLU"}, "model.layers: 'ReLU' is not a list; allowed: a list of layers"),
        ({"layers": None}, "model.layers: nothing is given; allowed: a list of layers"),
        ({"factory": "nets.py:build"}, "name the module as `import` does, without a path and without '.py'"),
        (
            {"factory": "nets.build"},
            "does not name a function; allowed: 'package.module:function'; write 'nets:build'",
        ),
        ({"factory": "os:system('x')"}, "does not name a function"),
        ({"factory": 3}, "model.factory: 3 does not name a function"),
        ({"factory": None}, "does not name a function"),
        ({"factory": "a:b", "args": [1]}, "model.args: [1] is not a mapping"),
        ({"factory": "a:b", "args": {"a-b": 1}}, "model.args: 'a-b' cannot be the name of an argument"),
        ({"factory": "a:b", "layers": ["ReLU"]}, "model.layers: 'layers' has no meaning beside 'factory'"),
        ({"factory": "a:b", "weight_init": "zeros_"}, "'weight_init' has no meaning beside 'factory'"),
        ({"factory": "a:b", "kwargs": {}}, "model.kwargs: unknown key 'kwargs' of model"),
        (["ReLU"], "model: a list is not a model; write the layers under 'model.layers'"),
        ({}, "model: model needs 'layers', which is missing"),
        ({"hidden_units": [3]}, "write 'layers', one entry a layer"),
        ({"layers": ["ReLU"], "bias_init": "orthogonal_"}, "model.bias_init: orthogonal_ cannot fill a bias"),
        (
            {"layers": [LINEAR, {"type": "Conv1d", "out_channels": 1, "kernel_size": 1}], "weight_init": "eye_"},
            "model.weight_init: eye_ cannot fill the weight of Conv1d at model.layers[1], which has 3 dimensions",
        ),
    ],
)
def test_wrong_models(model: Any, message: str) -> None:
    assert message in only_problem(model=model)


def test_layers_may_not_be_nested_without_bound() -> None:
    layers: list[Any] = ["ReLU"]
    for _ in range(40):
        layers = [{"type": "Residual", "layers": layers}]
    assert "layers are nested more than 32 deep" in layer_problem(*layers)


@pytest.mark.parametrize(
    "layer",
    [
        {"type": "GRU", "hidden_size": 3, "batch_first": True},
        {"type": "BatchNorm1d", "weight_init": "zeros_", "momentum": None},
        {"type": "AdaptiveAvgPool2d", "output_size": [None, 2]},
        {"type": "ConstantPad1d", "padding": [-1, 2], "value": 0},
        {"type": "Residual", "layers": ["ReLU"], "shortcut": []},
        {"type": "Unflatten", "dim": 1, "unflattened_size": [8, -1]},
        {"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": "same", "stride": [1, 1]},
        {"type": "TransformerEncoderLayer", "nhead": 2, "activation": "gelu", "weight_init": "xavier_uniform_"},
        {"type": "Hardtanh", "max_val": 1e308},
        {"layers": ["ReLU"]},
        {**LINEAR, "name": None, "weight_init": None, "repeat": 2},
    ],
)
def test_good_entries(layer: Any) -> None:
    load(model={"layers": [layer]})


def test_every_layer_type_can_be_written() -> None:
    """With its required arguments, every type of the catalog and of our own is accepted."""
    values = {"int": 4, "float": 2.0, "int[]": [4], "str": "exp"}
    special: dict[str, dict[str, Any]] = {
        "Permute": {"dims": [0]},
        "Residual": {"layers": ["ReLU"]},
        "Concat": {"branches": [["ReLU"]]},
        "Upsample": {"size": 4},
        "UpsamplingNearest2d": {"size": 4},
        "UpsamplingBilinear2d": {"size": 4},
        "FractionalMaxPool2d": {"output_size": 4},
        "FractionalMaxPool3d": {"output_size": 4},
    }
    layers = [
        {
            "type": name,
            **{p.name: values[p.types[0]] for p in signature.parameters.values() if p.required},
            **special.get(name, {}),
        }
        for name, signature in {**LAYERS, **OWN_LAYERS}.items()
    ]
    assert len(load(model={"layers": layers}).model.layers) > 100
