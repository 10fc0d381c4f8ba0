from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.recording.describing import describe
from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.rules.activation.missing_nonlinearity import MissingNonlinearity
from gradcheck_cli.rules.base import Finding, Safety, Severity
from tests.histories import make_description, make_layers, make_linted
from tests.rules.fixes.configs import data_after, load

CONFIG = """
data: {type: digitsDATA}
model:
  layers: [LAYERS]
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 1e-3}
trainer: {epochs: 2}
"""
WIDE = "{type: Linear, out_features: 64}"
HEAD = "{type: Linear, out_features: 10}"


def write(*layers: str, image: bool = False) -> str:
    return CONFIG.replace("DATA", ", image: true" if image else "").replace("LAYERS", ", ".join(layers))


def check_text(text: str) -> list[Finding]:
    config = load_config(parse_document(text, source="config.yaml"))
    return list(MissingNonlinearity().check(make_linted(describe(config))))


def check(layers: tuple[LayerDescription, ...]) -> list[Finding]:
    return list(MissingNonlinearity().check(make_linted(make_description(layers))))


def test_network_without_any_activation_may_become_an_error() -> None:
    (finding,) = check_text(write(WIDE, WIDE, WIDE, HEAD))
    assert finding.layers == ("linear_1", "linear_2", "linear_3", "linear_4")
    assert finding.level is Severity.WARNING
    assert finding.ceiling is Severity.ERROR


def test_two_layers_without_activation_among_others_are_at_most_a_warning() -> None:
    (finding,) = check_text(write(WIDE, WIDE, "Tanh", HEAD))
    assert finding.layers == ("linear_1", "linear_2")
    assert finding.path == "model.layers[1]"
    assert finding.ceiling is Severity.WARNING


@pytest.mark.parametrize("between", ["{type: Dropout, p: 0.1}", "Flatten", "Identity", "BatchNorm1d"])
def test_what_bends_nothing_is_looked_through(between: str) -> None:
    assert check_text(write(WIDE, between, HEAD))


@pytest.mark.parametrize(
    "between", ["ReLU", "{type: Softmax, dim: 1}", "LayerNorm", "{type: Elementwise, function: sin}"]
)
def test_what_bends_is_enough(between: str) -> None:
    assert check_text(write(WIDE, between, HEAD)) == []


def test_a_single_linear_layer_is_a_choice() -> None:
    assert check_text(write(HEAD)) == []
    assert check_text(write(HEAD, "{type: LogSoftmax, dim: 1}")) == []


def test_output_activation_does_not_bend_the_network() -> None:
    assert check_text(write(WIDE, HEAD, "Sigmoid"))[0].ceiling is Severity.ERROR


def test_narrow_layer_between_wide_ones_is_meant() -> None:
    assert check_text(write("{type: Linear, out_features: 4}", HEAD)) == []
    assert check_text(write("{type: Linear, out_features: 10}", HEAD))


def test_narrow_layer_may_be_meant_where_the_input_is_not_known() -> None:
    unknown = write("{type: Linear, out_features: 4}", HEAD).replace("digits", "csv, path: rows.csv, target: y")
    assert check_text(unknown) == []


def test_convolutions() -> None:
    convolution = "{type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1}"
    assert len(check_text(write(convolution, convolution, "ReLU", "Flatten", HEAD, image=True))) == 1
    depthwise = "{type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1, groups: 8}"
    pointwise = "{type: Conv2d, out_channels: 16, kernel_size: 1}"
    assert check_text(write(convolution, "ReLU", depthwise, pointwise, "ReLU", "Flatten", HEAD, image=True)) == []
    pooled = "{type: AdaptiveAvgPool2d, output_size: 2}"
    assert check_text(write(convolution, pooled, "Flatten", HEAD, image=True))
    assert check_text(write(convolution, "{type: MaxPool2d, kernel_size: 2}", "Flatten", HEAD, image=True)) == []


def test_frozen_layers_are_meant() -> None:
    frozen = "{type: Linear, out_features: 64, trainable: false}"
    assert check_text(write(frozen, HEAD)) == []


def test_nothing_is_said_across_the_border_of_a_residual_sum() -> None:
    block = f"{{type: Residual, layers: [{WIDE}, ReLU, {WIDE}]}}"
    assert check_text(write(WIDE, block, block, HEAD)) == []
    straight = f"{{type: Residual, layers: [{WIDE}, {WIDE}]}}"
    assert check_text(write(WIDE, "ReLU", straight, HEAD))[0].layers == ("linear_2", "linear_3")


def test_attention_and_recurrence_bend() -> None:
    layers = list(make_layers("Linear", "Linear", "Linear"))
    layers[1] = replace(layers[1], type="GRU", kind=make_layers("GRU")[0].kind)
    assert check(tuple(layers)) == []


def fix_of(text: str) -> Any:
    (finding,) = check_text(text)
    (fix,) = MissingNonlinearity().fixes(finding, load(text))
    return fix


def test_fix_puts_an_activation_between() -> None:
    text = write(WIDE, "{type: Dropout, p: 0.1}", WIDE, HEAD)
    layers = data_after(text, fix_of(text))["model"]["layers"]
    assert [entry if isinstance(entry, str) else entry["type"] for entry in layers] == [
        "Linear",
        "ReLU",
        "Dropout",
        "Linear",
        "ReLU",
        "Linear",
    ]


def test_fix_uses_the_activation_of_the_network() -> None:
    text = write(WIDE, WIDE, "Tanh", HEAD)
    assert data_after(text, fix_of(text))["model"]["layers"][1] == "Tanh"


def test_fix_of_a_repeated_layer_repeats_layer_and_activation() -> None:
    text = write(
        "{type: Linear, out_features: 64, repeat: 3, bias: false, weight_init: {type: normal_, std: 0.1}}", HEAD
    )
    fixed = data_after(text, fix_of(text))["model"]["layers"][0]
    assert fixed["repeat"] == 3
    assert fixed["layers"][0]["bias"] is False
    assert fixed["layers"][0]["weight_init"] == {"type": "normal_", "std": 0.1}
    assert fixed["layers"][1] == "ReLU"


def test_output_that_is_written_with_its_forerunners_is_left_to_the_author() -> None:
    assert fix_of(write("{type: Linear, out_features: 10, repeat: 3}")).safety is Safety.ADVICE
