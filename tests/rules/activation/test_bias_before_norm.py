from __future__ import annotations

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.recording.describing import describe
from gradcheck_cli.rules.activation.bias_before_norm import BiasBeforeNorm
from gradcheck_cli.rules.base import Finding, Safety, Severity
from tests.histories import make_linted
from tests.rules.fixes.configs import data_after, load

CONFIG = """
data: {type: digits, image: true}
model:
  layers: [LAYERS, Flatten, {type: Linear, out_features: 10}]
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 1e-3}
trainer: {epochs: 2}
"""
CONVOLUTION = "{type: Conv2d, out_channels: 8, kernel_size: 3}"
LINEAR = "Flatten, {type: Linear, out_features: 8}"


def check(layers: str) -> list[Finding]:
    config = load_config(parse_document(CONFIG.replace("LAYERS", layers), source="config.yaml"))
    return list(BiasBeforeNorm().check(make_linted(describe(config))))


@pytest.mark.parametrize(
    "layers",
    [
        f"{CONVOLUTION}, BatchNorm2d",
        f"{CONVOLUTION}, Identity, BatchNorm2d",
        f"{CONVOLUTION}, InstanceNorm2d",
        f"{CONVOLUTION}, {{type: GroupNorm, num_groups: 8}}",
        f"{LINEAR}, BatchNorm1d",
        f"{{type: Residual, layers: [{CONVOLUTION}, BatchNorm2d], shortcut: [{CONVOLUTION}]}}",
    ],
)
def test_bias_that_is_taken_away_is_a_note(layers: str) -> None:
    (finding,) = check(layers)
    assert finding.ceiling is Severity.INFO


@pytest.mark.parametrize(
    "layers",
    [
        "{type: Conv2d, out_channels: 8, kernel_size: 3, bias: false}, BatchNorm2d",
        "{type: Conv2d, out_channels: 8, kernel_size: 3, trainable: false}, BatchNorm2d",
        f"{CONVOLUTION}, ReLU, BatchNorm2d",
        f"{CONVOLUTION}, {{type: GroupNorm, num_groups: 2}}",
        f"{LINEAR}, LayerNorm",
        "{type: Reshape, shape: [8, 8]}, {type: Linear, out_features: 8}, BatchNorm1d",
        f"{CONVOLUTION}, {{type: Residual, layers: [BatchNorm2d, ReLU]}}",
    ],
)
def test_bias_that_stays_is_left_alone(layers: str) -> None:
    assert check(layers) == []


def test_fix_sets_each_written_place_once() -> None:
    text = CONFIG.replace(
        "LAYERS", "Flatten, {repeat: 3, layers: [{type: Linear, out_features: 8}, BatchNorm1d, ReLU]}"
    )
    (finding,) = list(BiasBeforeNorm().check(make_linted(describe(load(text)))))
    assert finding.layers == ("linear_1", "linear_2", "linear_3")
    (fix,) = BiasBeforeNorm().fixes(finding, load(text))
    assert fix.safety is Safety.SAFE
    assert len(fix.edits) == 1
    assert data_after(text, fix)["model"]["layers"][1]["layers"][0]["bias"] is False


def test_initialiser_of_the_bias_goes_with_it() -> None:
    layer = "{type: Conv2d, out_channels: 8, kernel_size: 3, bias_init: zeros_}, BatchNorm2d"
    text = CONFIG.replace("LAYERS", layer)
    (fix,) = BiasBeforeNorm().fixes(check(layer)[0], load(text))
    assert "bias_init" not in data_after(text, fix)["model"]["layers"][0]


def test_place_that_stands_for_other_layers_keeps_its_bias() -> None:
    layers = "{repeat: 2, layers: [{type: Conv2d, out_channels: 8, kernel_size: 3}]}, BatchNorm2d"
    text = CONFIG.replace("LAYERS", layers)
    (fix,) = BiasBeforeNorm().fixes(check(layers)[0], load(text))
    assert fix.safety is Safety.ADVICE
