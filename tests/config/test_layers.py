"""Writing out groups and repeats: order, names, ordinals, inheritance."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.config.layers import Layer, expand
from gradcheck_cli.config.schema import Component
from tests.config.configs import load


def expanded(*layers: Any, **model: Any) -> tuple[Layer, ...]:
    return expand(load(model={"layers": list(layers), **model}).model)


def linear(**keys: Any) -> dict[str, Any]:
    return {"type": "Linear", "out_features": 3, **keys}


def names(layers: tuple[Layer, ...]) -> list[str]:
    return [layer.name for top in layers for layer in top.walk()]


def test_layers_without_a_name_are_called_by_type_and_ordinal() -> None:
    layers = expanded(linear(), "ReLU", linear(name="head"), "ReLU", linear(), "BatchNorm1d")
    assert names(layers) == ["linear_1", "relu_1", "head", "relu_2", "linear_3", "batchnorm1d_1"]
    assert [layer.ordinal for layer in layers] == [1, 1, 2, 2, 3, 1]


def test_repeated_groups_are_written_out_in_order() -> None:
    layers = expanded({"repeat": 2, "layers": [linear(name="fc"), "ReLU"]}, linear())
    assert names(layers) == ["fc.0", "relu_1", "fc.1", "relu_2", "linear_3"]
    assert layers[0].path == layers[2].path == "model.layers[0].layers[0]"


def test_names_carry_the_number_of_each_repeat_around_them() -> None:
    inner = {"repeat": 2, "layers": [linear(name="fc1")]}
    layers = expanded({"repeat": 2, "layers": [inner, linear(name="fc2", repeat=2)]})
    assert names(layers) == ["fc1.0.0", "fc1.0.1", "fc2.0.0", "fc2.0.1", "fc1.1.0", "fc1.1.1", "fc2.1.0", "fc2.1.1"]


@pytest.mark.parametrize("group", [{"layers": [linear(name="fc")]}, {"repeat": 1, "layers": [linear(name="fc")]}])
def test_a_group_written_once_adds_no_number(group: dict[str, Any]) -> None:
    assert names(expanded(group)) == ["fc"]


def test_generated_names_never_take_a_name_of_the_user() -> None:
    layers = expanded(linear(name="linear_2"), linear(), linear(name="linear_2_"))
    assert names(layers) == ["linear_2", "linear_2__", "linear_2_"]


def test_containers_come_after_what_is_in_them() -> None:
    residual = {"type": "Residual", "layers": [linear(), "ReLU"], "shortcut": [linear()]}
    concat = {"type": "Concat", "branches": [["Tanh"], [], ["Sigmoid"]]}
    layers = expanded(residual, concat)
    assert names(layers) == ["linear_1", "relu_1", "linear_2", "residual_1", "tanh_1", "sigmoid_1", "concat_1"]
    assert [len(branch) for branch in layers[1].branches] == [1, 0, 1]


def test_copies_of_a_container_name_their_inner_layers() -> None:
    layers = expanded({"type": "Residual", "name": "block", "repeat": 2, "layers": [linear(name="fc")]})
    assert names(layers) == ["fc.0", "block.0", "fc.1", "block.1"]


def test_what_is_in_a_frozen_entry_is_frozen() -> None:
    group = {"trainable": False, "layers": [{"type": "Residual", "layers": [linear(trainable=True)]}]}
    layers = expanded(group, linear(), linear(trainable=False))
    assert [layer.trainable for top in layers for layer in top.walk()] == [False, False, True, False]


def test_default_initialisers_reach_linear_and_convolution_layers_alone() -> None:
    layers = expanded(
        linear(),
        linear(bias=False),
        linear(weight_init="ones_"),
        {"type": "Conv1d", "out_channels": 2, "kernel_size": 1},
        "BatchNorm1d",
        {"type": "GRU", "hidden_size": 2},
        {"type": "Embedding", "num_embeddings": 3, "embedding_dim": 2},
        {"type": "MultiheadAttention", "num_heads": 1},
        {"type": "GRU", "hidden_size": 2, "weight_init": "orthogonal_"},
        "ReLU",
        weight_init="xavier_normal_",
        bias_init={"type": "constant_", "val": 1},
    )
    found = [(layer.weight_init and layer.weight_init.type, layer.bias_init is not None) for layer in layers]
    assert found == [
        ("xavier_normal_", True),
        ("xavier_normal_", False),
        ("ones_", True),
        ("xavier_normal_", True),
        *[(None, False)] * 4,
        ("orthogonal_", False),
        (None, False),
    ]
    assert layers[0].bias_init == Component(type="constant_", arguments={"val": 1.0})
