"""Residual paths: around which blocks of a config they are put, what stands in them, and where they are advice."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.config.edits import apply_edits
from gradcheck_cli.rules.base import Safety
from gradcheck_cli.rules.fixes.residual import FEWEST_BLOCKS, add_residual_paths
from tests.rules.fixes.configs import data_after, load

HEAD = """
data: {type: digits, standardize: true}
model:
  layers:
    - {type: Linear, out_features: 32, name: entry}
    - Tanh
"""
TAIL = """
    - {type: Linear, out_features: 10, name: head}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1}
trainer: {epochs: 3, batch_size: 32}
"""
BLOCK = "    - {type: Linear, out_features: 32}\n    - Tanh\n"
REPEATED = "    - repeat: %d\n      layers: [{type: Linear, out_features: %d}, Tanh]"


def write(middle: str) -> str:
    return HEAD + middle.rstrip("\n") + TAIL


def layers_after(text: str) -> list[Any]:
    layers: list[Any] = data_after(text, add_residual_paths(load(text)))["model"]["layers"]
    return layers


def is_advice(text: str) -> bool:
    fix = add_residual_paths(load(text))
    return fix.safety is Safety.ADVICE and not fix.edits


def test_each_block_of_equal_width_gets_a_path_and_a_normalisation() -> None:
    layers = layers_after(write(BLOCK * 3))
    block = {"type": "Residual", "layers": ["BatchNorm1d", {"type": "Linear", "out_features": 32}, "Tanh"]}
    assert layers == [
        {"type": "Linear", "out_features": 32, "name": "entry"},
        "Tanh",
        block,
        block,
        block,
        {"type": "Linear", "out_features": 10, "name": "head"},
    ]


def test_it_changes_the_function_and_says_so() -> None:
    fix = add_residual_paths(load(write(BLOCK * 3)))
    assert fix.safety is Safety.UNSAFE
    assert "residual" in fix.title.lower()


@pytest.mark.parametrize(("blocks", "enough"), [(FEWEST_BLOCKS - 1, False), (FEWEST_BLOCKS, True)])
def test_a_shallow_network_needs_none(blocks: int, enough: bool) -> None:
    assert is_advice(write(BLOCK * blocks)) is not enough
    assert is_advice(write(REPEATED % (blocks, 32))) is not enough


def test_blocks_that_change_the_width_keep_their_place() -> None:
    middle = BLOCK * 3 + "    - {type: Linear, out_features: 16}\n    - Tanh\n"
    layers = layers_after(write(middle))
    assert [layer["type"] if isinstance(layer, dict) else layer for layer in layers] == [
        "Linear",
        "Tanh",
        "Residual",
        "Residual",
        "Residual",
        "Linear",
        "Tanh",
        "Linear",
    ]


def test_a_repeated_block_stays_repeated() -> None:
    (group,) = (layer for layer in layers_after(write(REPEATED % (5, 32))) if "repeat" in layer)
    assert group["repeat"] == 5
    assert [layer["type"] for layer in group["layers"]] == ["Residual"]


def test_the_first_copy_of_a_group_that_changes_the_width_is_written_out() -> None:
    first, activation, group = layers_after(write(REPEATED % (4, 16)))[2:5]
    assert (first, activation) == ({"type": "Linear", "out_features": 16}, "Tanh")
    assert group["repeat"] == 3
    assert [layer["type"] for layer in group["layers"]] == ["Residual"]


def test_a_block_that_is_normalised_already_gets_no_second_one() -> None:
    block = "    - {type: Linear, out_features: 32}\n    - LayerNorm\n    - Tanh\n    - {type: Dropout, p: 0.2}\n"
    residual = layers_after(write(block * 3))[2]
    assert residual["layers"] == [
        {"type": "Linear", "out_features": 32},
        "LayerNorm",
        "Tanh",
        {"type": "Dropout", "p": 0.2},
    ]


def test_everything_written_on_a_layer_moves_with_it() -> None:
    written = "{type: Linear, out_features: 32, name: b%d, bias: false, weight_init: {type: normal_, std: 0.1}}"
    middle = "".join(f"    - {written % n}\n    - {{type: LeakyReLU, negative_slope: 0.2}}\n" for n in range(3))
    inner = layers_after(write(middle))[3]["layers"]
    assert inner == [
        "BatchNorm1d",
        {
            "type": "Linear",
            "out_features": 32,
            "bias": False,
            "name": "b1",
            "weight_init": {"type": "normal_", "std": 0.1},
        },
        {"type": "LeakyReLU", "negative_slope": 0.2},
    ]


def test_convolutions_that_keep_the_shape_get_paths_with_normalisation_for_images() -> None:
    block = "    - {type: Conv2d, out_channels: 8, kernel_size: 3, padding: 1}\n    - ReLU\n"
    text = "data: {type: digits, image: true}\nmodel:\n  layers:\n" + block * 4 + "    - Flatten" + TAIL
    layers = layers_after(text)
    assert [layer["type"] if isinstance(layer, dict) else layer for layer in layers[:6]] == [
        "Conv2d",
        "ReLU",
        "Residual",
        "Residual",
        "Residual",
        "Flatten",
    ]
    assert layers[2]["layers"][0] == "BatchNorm2d"
    assert is_advice(text.replace(", padding: 1", ""))


@pytest.mark.parametrize(
    "middle",
    [
        "    - {type: Linear, out_features: 32}\n" * 6,
        "    - repeat: 6\n      layers: [{type: Linear, out_features: 32}]\n",
        "    - {type: Residual, layers: [{type: Linear, out_features: 32}, Tanh]}\n" * 4,
    ],
    ids=["no activation", "repeated without activation", "has them already"],
)
def test_what_is_no_block_is_left_to_the_author(middle: str) -> None:
    assert is_advice(write(middle))


def test_without_a_config_it_is_advice() -> None:
    fix = add_residual_paths(None)
    assert (fix.safety, fix.edits) == (Safety.ADVICE, ())


def test_comments_elsewhere_stay() -> None:
    text = write(BLOCK * 3).replace("trainer:", "# how long\ntrainer:")
    fixed = apply_edits(text, add_residual_paths(load(text)).edits)
    assert "# how long" in fixed
