"""Which activation follows a layer, and the gain that comes of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from gradcheck_cli.config.catalog import INITIALIZERS
from gradcheck_cli.config.gain import activation_after, activation_gain, following_gains, gain_for, torch_gain
from gradcheck_cli.config.layers import Layer, expand
from gradcheck_cli.config.schema import Component
from tests.config.configs import load

FC = {"type": "Linear", "out_features": 3, "name": "fc"}
OTHER = {"type": "Linear", "out_features": 3}


def layers_of(*layers: Any) -> tuple[Layer, ...]:
    return expand(load(model={"layers": list(layers)}).model)


def after(*layers: Any) -> str | None:
    found = activation_after(layers_of(*layers), "fc")
    return found.type if found else None


@pytest.mark.parametrize(
    ("layers", "activation"),
    [
        ([FC], None),
        ([FC, "ReLU"], "ReLU"),
        (["ReLU", FC], None),
        ([FC, "BatchNorm1d", "Dropout", {"type": "MaxPool1d", "kernel_size": 2}, "Flatten", "Tanh", "ReLU"], "Tanh"),
        ([FC, OTHER, "ReLU"], None),
        ([FC, {"type": "Softmax", "dim": 1}, "ReLU"], None),
        ([FC, {"type": "Reshape", "shape": [3]}, "ReLU"], None),
        ([{"repeat": 2, "layers": [OTHER]}, {"layers": [FC]}, {"layers": ["SELU"]}], "SELU"),
        # Behind the end of a branch the sum goes on to what follows the container.
        ([{"type": "Residual", "layers": [OTHER, "ReLU", FC, "BatchNorm1d"]}, "ReLU"], "ReLU"),
        ([{"type": "Residual", "layers": [OTHER], "shortcut": [FC]}, "LayerNorm", "Tanh"], "Tanh"),
        ([{"type": "Residual", "layers": [FC]}, OTHER], None),
        ([{"type": "Residual", "layers": [FC]}, {"type": "Residual", "layers": ["ReLU", OTHER]}], None),
        ([{"type": "Concat", "branches": [[OTHER], [FC, "Dropout"]]}, "ELU"], "ELU"),
        # Into a container the output takes two ways at once.
        ([FC, {"type": "Residual", "layers": ["ReLU", OTHER]}], None),
    ],
)
def test_the_activation_that_follows(layers: list[Any], activation: str | None) -> None:
    assert after(*layers) == activation


def test_an_unknown_layer_is_an_error() -> None:
    with pytest.raises(KeyError):
        activation_after(layers_of(FC), "nowhere")


@pytest.mark.parametrize(
    ("activation", "gain"),
    [
        *((name, math.sqrt(2)) for name in ("ReLU", "ReLU6", "GELU", "SiLU", "ELU", "Mish")),
        ("LeakyReLU", math.sqrt(2 / (1 + 0.01**2))),
        ({"type": "LeakyReLU", "negative_slope": 0.5}, math.sqrt(1.6)),
        ("PReLU", math.sqrt(2 / (1 + 0.25**2))),
        ({"type": "PReLU", "init": 1.0}, 1.0),
        ("RReLU", math.sqrt(2 / (1 + (11 / 48) ** 2))),
        ("SELU", 1.0),
        ("Tanh", 5 / 3),
        ("Sigmoid", 1.0),
        ({"type": "Elementwise", "function": "sin"}, 1.0),
    ],
)
def test_gains_of_activations(activation: Any, gain: float) -> None:
    layers = layers_of(FC, activation)
    assert activation_gain(layers[1]) == pytest.approx(gain)
    assert following_gains(layers) == {"fc": pytest.approx(gain), layers[1].name: 1.0}


def test_no_activation_has_gain_one() -> None:
    assert activation_gain(None) == 1.0


@pytest.mark.parametrize(
    ("initializer", "arguments", "gain"),
    [
        ("kaiming_normal_", {}, 5 / 3),
        ("kaiming_uniform_", {"mode": "fan_out"}, 5 / 3),
        ("kaiming_normal_", {"nonlinearity": "relu"}, math.sqrt(2)),
        ("kaiming_normal_", {"a": 1.0}, 1.0),
        ("kaiming_normal_", {"nonlinearity": "linear"}, 1.0),
        ("xavier_normal_", {}, 5 / 3),
        ("xavier_uniform_", {"gain": 0.5}, 0.5),
        ("orthogonal_", {}, 1.0),
        ("orthogonal_", {"gain": 4.0}, 4.0),
        ("normal_", {"std": 2.0}, None),
    ],
)
def test_what_is_written_goes_before_the_activation(
    initializer: str, arguments: dict[str, Any], gain: float | None
) -> None:
    component = Component(type=initializer, arguments=arguments)
    assert gain_for(layers_of(FC, "Tanh"), "fc", component) == pytest.approx(gain)


@pytest.mark.parametrize("name", INITIALIZERS["kaiming_normal_"].parameters["nonlinearity"].choices)
def test_the_table_of_torch_is_torchs(name: str) -> None:
    slope = 0.3 if name == "leaky_relu" else 0.0
    assert torch_gain(name, slope=slope) == pytest.approx(torch.nn.init.calculate_gain(name, slope))  # type: ignore[arg-type]
