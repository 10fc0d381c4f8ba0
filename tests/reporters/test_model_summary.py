"""Tests of the summary of a model."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gradcheck_cli.config.schema import Component, Config, DataConfig, ModelConfig, TrainerConfig
from gradcheck_cli.recording.description import ParameterDescription
from gradcheck_cli.reporters.full.summary_page import render, show_component
from gradcheck_cli.reporters.model_summary import Totals, count_totals, render_json, summarize_layers
from gradcheck_cli.reporters.page import Page
from tests.histories import make_description, make_layer, make_layers


def make_config() -> Config:
    return Config(
        name="example",
        data=DataConfig(type="digits", standardize=True),
        model=ModelConfig(layers=()),
        loss=Component(type="CrossEntropyLoss"),
        optimizer=Component(type="SGD", arguments={"lr": 0.1, "nesterov": True}),
        trainer=TrainerConfig(epochs=20),
    )


def test_parameters_are_counted_and_frozen_ones_apart() -> None:
    first, activation, last = make_layers("Linear", "ReLU", "Linear")
    frozen = replace(first, parameters=tuple(replace(entry, trainable=False) for entry in first.parameters))
    description = make_description((frozen, activation, last))
    assert count_totals(description) == Totals(3, 64 * 32 + 32 + 32 * 10 + 10, 32 * 10 + 10)


def test_tied_weights_count_once() -> None:
    tied = ParameterDescription("head.weight", "head", (32, 64), alias_of="linear_1.weight")
    description = make_description(
        (*make_layers("Linear", outputs=32), make_layer("Linear", name="head", parameters=(tied,)))
    )
    assert count_totals(description).parameters == 64 * 32 + 32


def test_layers_show_the_initialisation_of_their_weight() -> None:
    summaries = summarize_layers(make_description())
    assert summaries[0].init == "torch's default"
    assert summaries[0].init_std == 0.1
    assert (summaries[1].parameters, summaries[1].init, summaries[1].init_std) == (0, None, None)


def test_components_are_shown_as_they_would_be_called() -> None:
    config = make_config()
    assert show_component(config.optimizer) == "SGD(lr=0.1, nesterov=true)"
    assert show_component(config.loss) == "CrossEntropyLoss"
    assert "standardize=true" in show_component(config.data)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_page_fits_and_tells_sizes(width: int) -> None:
    text = render(make_config(), make_description(), page=Page(width))
    assert max(map(len, text.splitlines())) <= width
    assert "linear_1" in text
    assert "2,080" in text
    assert "1,280 training and 320" in " ".join(text.split())


def test_json_holds_config_layers_and_totals() -> None:
    document = json.loads(render_json(make_config(), make_description()))
    assert list(document) == ["config", "data", "planned_steps", "layers", "totals"]
    assert document["config"]["optimizer"] == {"type": "SGD", "arguments": {"lr": 0.1, "nesterov": True}}
    assert document["layers"][0]["parameters"][0]["shape"] == [32, 64]
    assert document["layers"][0]["parameters"][0]["init_gain"] is None
