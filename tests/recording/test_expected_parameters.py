"""What is expected of weights and biases against what torch then draws."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gradcheck_cli.recording.describing import describe
from gradcheck_cli.recording.description import ParameterDescription
from gradcheck_cli.training.model import build_model
from tests.config.configs import load

WIDE: dict[str, Any] = {"type": "Linear", "out_features": 200}
INITS = [
    None,
    "kaiming_normal_",
    "kaiming_uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "orthogonal_",
    "zeros_",
    {"type": "normal_", "std": 0.3},
    {"type": "uniform_", "a": -0.2, "b": 0.4},
    {"type": "constant_", "val": 0.5},
    {"type": "trunc_normal_", "std": 0.5},
    {"type": "sparse_", "sparsity": 0.3, "std": 0.1},
    {"type": "kaiming_normal_", "mode": "fan_out", "nonlinearity": "linear"},
    {"type": "xavier_normal_", "gain": 3.0},
    {"type": "orthogonal_", "gain": 2.0},
]


def expected_and_drawn(*layers: Any, image: bool = False) -> list[tuple[ParameterDescription, ParameterDescription]]:
    data = {"type": "digits", "image": image}
    config = load(data=data, model={"layers": list(layers)})
    shape = (4, 1, 8, 8) if image else (4, 64)
    drawn = build_model(config, torch.zeros(shape), seed=0).layers
    assert [layer.name for layer in describe(config).layers] == [layer.name for layer in drawn]
    return [
        (one, other)
        for expected, real in zip(describe(config).layers, drawn, strict=True)
        for one, other in zip(expected.parameters, real.parameters, strict=True)
    ]


@pytest.mark.parametrize("init", INITS, ids=str)
def test_linear_layers(init: Any) -> None:
    layer = WIDE if init is None else {**WIDE, "weight_init": init}
    (weight, drawn), (bias, drawn_bias) = expected_and_drawn(layer, "ReLU", {"type": "Linear", "out_features": 10})[:2]
    assert (weight.name, weight.shape, weight.init) == (drawn.name, drawn.shape, drawn.init)
    assert weight.init_gain == drawn.init_gain
    assert weight.init_symmetric == drawn.init_symmetric
    assert weight.init_std == pytest.approx(drawn.init_std, rel=0.03, abs=1e-9)
    assert (bias.name, bias.shape) == (drawn_bias.name, drawn_bias.shape)
    assert bias.init_std == pytest.approx(drawn_bias.init_std, rel=0.15)


@pytest.mark.parametrize(
    "layer",
    [
        {"type": "Conv2d", "out_channels": 40, "kernel_size": 3},
        {"type": "Conv2d", "out_channels": 40, "kernel_size": [3, 5], "bias": False, "weight_init": "xavier_normal_"},
        {"type": "ConvTranspose2d", "out_channels": 40, "kernel_size": 4, "weight_init": "kaiming_normal_"},
    ],
    ids=lambda layer: layer["type"],
)
def test_convolutions(layer: dict[str, Any]) -> None:
    for expected, drawn in expected_and_drawn(layer, image=True):
        assert (expected.name, expected.shape) == (drawn.name, drawn.shape)
        assert expected.init_std == pytest.approx(drawn.init_std, rel=0.2)


def test_groups_share_out_the_inputs() -> None:
    first, grouped = (
        {"type": "Conv2d", "out_channels": 32, "kernel_size": 3},
        {"type": "Conv2d", "out_channels": 64, "kernel_size": 3, "groups": 8},
    )
    (expected, drawn) = expected_and_drawn(first, grouped, image=True)[2]
    assert expected.shape == drawn.shape == (64, 4, 3, 3)
    assert expected.init_std == pytest.approx(drawn.init_std, rel=0.1)


def test_truncation_that_matters_is_not_guessed() -> None:
    layer = {**WIDE, "weight_init": {"type": "trunc_normal_", "std": 2.0}}
    assert describe(load(data={"type": "digits"}, model={"layers": [layer]})).layers[0].parameters[0].init_std is None


def test_nothing_is_expected_of_other_layers_or_unknown_inputs() -> None:
    config = load(data={"type": "digits"}, model={"layers": [{"type": "BatchNorm1d"}, "ReLU"]})
    assert all(layer.parameters == () for layer in describe(config).layers)
    unknown = load(
        data={"type": "csv", "path": "x.csv", "target": "y", "task": "classification"}, model={"layers": [WIDE]}
    )
    assert describe(unknown).layers[0].parameters == ()
