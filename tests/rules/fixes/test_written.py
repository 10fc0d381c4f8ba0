"""Tests of layers written back as a config has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gradcheck_cli.config.schema import LayerConfig
from gradcheck_cli.rules.fixes.written import write_entry
from tests.config.configs import load

OUTPUT = {"type": "Linear", "out_features": 10}


def read(entry: Any) -> LayerConfig:
    """The first layer of a network as the config holds it."""
    return load(model={"layers": [entry, OUTPUT]}).model.layers[0]


ENTRIES: list[Any] = [
    "ReLU",
    {"type": "Linear", "out_features": 16},
    {"type": "Linear", "out_features": 16, "bias": False, "name": "first"},
    {"type": "Linear", "out_features": 16, "trainable": False},
    {"type": "Linear", "out_features": 16, "weight_init": "zeros_", "bias_init": {"type": "constant_", "val": 0.5}},
    {"type": "LeakyReLU", "negative_slope": 0.2},
    {"type": "Elementwise", "function": "sin", "name": "wave"},
]


@pytest.mark.parametrize("entry", ENTRIES, ids=json.dumps)
def test_an_entry_is_written_as_it_was(entry: Any) -> None:
    assert write_entry(read(entry)) == entry


@pytest.mark.parametrize("entry", ENTRIES, ids=json.dumps)
def test_what_is_written_reads_as_the_same_layer(entry: Any) -> None:
    layer = read(entry)
    assert read(write_entry(layer)) == layer


def test_a_bare_type_says_it_all() -> None:
    assert write_entry(read({"type": "ReLU"})) == "ReLU"


def test_a_name_and_a_repetition_can_be_left_behind() -> None:
    layer = read({"type": "Linear", "out_features": 16, "name": "first"})
    assert write_entry(layer, named=False) == {"type": "Linear", "out_features": 16}
    assert write_entry(read({"type": "ReLU", "repeat": 3})) == "ReLU"
