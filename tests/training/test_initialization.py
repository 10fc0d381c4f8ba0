"""Initial weights: the std that results, the gain behind it, and which tensors an initialiser reaches."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from gradcheck_cli.training.model import BuiltModel
from tests.training.networks import Written, build, rows, tokens

WIDE = {"type": "Linear", "out_features": 400}
SQRT_2 = math.sqrt(2)


def wide_layer(*following: Written, **init: Written) -> tuple[BuiltModel, float, float | None]:
    """A `[400, 300]` layer: its model, measured std, and gain."""
    model = build([{**WIDE, **init}, *following], rows(2, 300))
    weight = model.layers[0].parameters[0]
    assert weight.init_std == pytest.approx(model.parameters[weight.name].std(correction=0).item())
    assert weight.init_std is not None
    return model, weight.init_std, weight.init_gain


class TestGain:
    @pytest.mark.parametrize("init", ["kaiming_normal_", "kaiming_uniform_"])
    @pytest.mark.parametrize(
        ("following", "gain"),
        [
            (["ReLU"], SQRT_2),
            (["GELU"], SQRT_2),
            (["Tanh"], 5 / 3),
            (["Sigmoid"], 1.0),
            (["SELU"], 1.0),
            ([], 1.0),
            (["BatchNorm1d", {"type": "Dropout", "p": 0.1}, "ReLU"], SQRT_2),
            ([{"type": "LeakyReLU", "negative_slope": 0.5}], math.sqrt(2 / 1.25)),
        ],
    )
    def test_kaiming_follows_the_activation(self, init: str, following: list[Written], gain: float) -> None:
        _, std, used = wide_layer(*following, weight_init=init)
        assert used == pytest.approx(gain)
        assert std == pytest.approx(gain / math.sqrt(300), rel=0.01)

    @pytest.mark.parametrize("init", ["xavier_normal_", "xavier_uniform_"])
    def test_xavier_follows_the_activation(self, init: str) -> None:
        _, std, used = wide_layer("Tanh", weight_init=init)
        assert used == pytest.approx(5 / 3)
        assert std == pytest.approx(5 / 3 * math.sqrt(2 / 700), rel=0.01)

    @pytest.mark.parametrize(
        ("init", "gain", "fan"),
        [
            ({"type": "kaiming_normal_", "nonlinearity": "tanh"}, 5 / 3, 300),
            ({"type": "kaiming_normal_", "a": 1}, 1.0, 300),
            ({"type": "kaiming_normal_", "mode": "fan_out"}, SQRT_2, 400),
            ({"type": "xavier_normal_", "gain": 3.0}, 3.0, 350),
        ],
    )
    def test_what_is_written_holds(self, init: Written, gain: float, fan: int) -> None:
        _, std, used = wide_layer("ReLU", weight_init=init)
        assert used == pytest.approx(gain)
        assert std == pytest.approx(gain / math.sqrt(fan), rel=0.01)

    def test_as_torch_itself_fills_it(self) -> None:
        model, _, _ = wide_layer("ReLU", weight_init="kaiming_normal_")
        again, _, _ = wide_layer(weight_init={"type": "kaiming_normal_", "nonlinearity": "relu"})
        assert torch.equal(model.parameters["linear_1.weight"], again.parameters["linear_1.weight"])

    def test_initialisers_without_a_gain(self) -> None:
        _, std, used = wide_layer("ReLU", weight_init={"type": "trunc_normal_", "std": 0.02})
        assert used is None
        assert std == pytest.approx(0.02, rel=0.01)


class TestReach:
    def inits(self, model: BuiltModel) -> dict[str, str | None]:
        return {parameter.name: parameter.init for layer in model.layers for parameter in layer.parameters}

    def test_defaults_reach_linear_and_convolution_alone(self) -> None:
        written: list[Written] = [
            {"type": "Conv1d", "out_channels": 2, "kernel_size": 3},
            "BatchNorm1d",
            {"type": "GRU", "hidden_size": 2},
            "LastStep",
            {"type": "Linear", "out_features": 2, "weight_init": "ones_"},
        ]
        inits = self.inits(build(written, rows(2, 3, 9), weight_init="xavier_normal_", bias_init="zeros_"))
        assert {name: init for name, init in inits.items() if init} == {
            "conv1d_1.weight": "xavier_normal_",
            "conv1d_1.bias": "zeros_",
            "linear_1.weight": "ones_",
            "linear_1.bias": "zeros_",
        }

    @pytest.mark.parametrize(
        ("written", "touched"),
        [
            (
                {"type": "LSTM", "hidden_size": 2, "num_layers": 2},
                {
                    f"lstm_1.{kind}_{place}_l{layer}"
                    for kind in ("weight", "bias")
                    for place in ("ih", "hh")
                    for layer in (0, 1)
                },
            ),
            (
                {"type": "TransformerEncoderLayer", "nhead": 2, "dim_feedforward": 3},
                {
                    f"transformerencoderlayer_1.{name}{part}"
                    for name, part in [
                        ("self_attn.in_proj_", "weight"),
                        ("self_attn.in_proj_", "bias"),
                        *(
                            (f"{layer}.", part)
                            for layer in ("self_attn.out_proj", "linear1", "linear2")
                            for part in ("weight", "bias")
                        ),
                    ]
                },
            ),
            ("BatchNorm1d", {"batchnorm1d_1.weight", "batchnorm1d_1.bias"}),
        ],
    )
    def test_all_weights_of_a_layer_where_it_says_so(self, written: Written, touched: set[str]) -> None:
        keys = {"type": written} if isinstance(written, str) else written
        init: dict[str, Any] = {
            "weight_init": {"type": "constant_", "val": 0.5},
            "bias_init": {"type": "constant_", "val": 0.25},
        }
        model = build([{**keys, **init}], rows(2, 4, 4))
        assert {name for name, used in self.inits(model).items() if used} == touched
        for name in touched:
            assert set(model.parameters[name].detach().flatten().tolist()) == {0.25 if "bias" in name else 0.5}

    def test_embedding(self) -> None:
        written = {"type": "Embedding", "embedding_dim": 50, "weight_init": {"type": "normal_", "std": 0.02}}
        (layer,) = build([written], tokens(2, 3, 5), largest_token=999).layers
        assert layer.parameters[0].init_std == pytest.approx(0.02, rel=0.01)

    def test_torch_defaults_where_the_config_is_silent(self) -> None:
        weight = build([WIDE], rows(2, 300)).parameters["linear_1.weight"]
        torch.manual_seed(0)
        assert weight.std().item() == pytest.approx(nn.Linear(300, 400).weight.std().item(), rel=0.01)
