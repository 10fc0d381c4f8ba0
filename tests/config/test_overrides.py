"""`--set KEY=VALUE` on the data of a document."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.config.document import Document, Position, parse_document
from gradcheck_cli.errors import ConfigError

TEXT = """\
optimizer: Adam
model:
  layers:
    - {type: Linear, out_features: 10}
    - ReLU
loss: {type: MSELoss}
name: digits
diagnostics:
"""


def parse(*overrides: str) -> Document:
    return parse_document(TEXT, source="run.yaml", overrides=overrides)


@pytest.mark.parametrize(
    ("argument", "key", "value"),
    [
        ("optimizer.lr=1e-3", "optimizer", {"type": "Adam", "lr": 0.001}),
        ("optimizer.type=SGD", "optimizer", {"type": "SGD"}),
        ("optimizer={type: SGD, lr: 0.1}", "optimizer", {"type": "SGD", "lr": 0.1}),
        ("seed=3", "seed", 3),
        ("trainer.early_stopping.patience=5", "trainer", {"early_stopping": {"patience": 5}}),
        ("diagnostics.select=[GC1, GC2]", "diagnostics", {"select": ["GC1", "GC2"]}),
        ("loss=on", "loss", "on"),
        ("loss='1'", "loss", "1"),
        ("loss=", "loss", None),
        ("name=a=b", "name", "a=b"),
        (" name = x ", "name", "x"),
    ],
)
def test_sets_values(argument: str, key: str, value: Any) -> None:
    assert parse(argument).data[key] == value


@pytest.mark.parametrize("path", ["model.layers[0].out_features", "model.layers.0.out_features"])
def test_reaches_into_lists(path: str) -> None:
    assert parse(f"{path}=64").data["model"]["layers"][0] == {"type": "Linear", "out_features": 64}


def test_a_bare_layer_becomes_a_mapping() -> None:
    layers = parse("model.layers[1].inplace=true").data["model"]["layers"]
    assert layers[1] == {"type": "ReLU", "inplace": True}


def test_later_arguments_win_and_see_earlier_ones() -> None:
    assert parse("optimizer.lr=1", "optimizer.lr=2", "optimizer.momentum=0").data["optimizer"] == {
        "type": "Adam",
        "lr": 2,
        "momentum": 0,
    }


def test_the_document_remembers_them() -> None:
    document = parse("optimizer.lr=1e-3", "model.layers=[{type: Tanh}]", "seed=010")
    assert document.text == TEXT
    assert document.overrides == ("optimizer.lr=1e-3", "model.layers=[{type: Tanh}]", "seed=010")
    assert document.override("optimizer.lr") == "--set optimizer.lr=1e-3"
    assert document.override("model.layers[0].type") == "--set model.layers=[{type: Tanh}]"
    assert document.override("optimizer.type") == ""
    assert "write 10" in document.hint("seed")


def test_positions_inside_a_replaced_value_are_those_of_the_value() -> None:
    document = parse("model.layers=[Tanh, {type: Linear, out_features: 3}]", "optimizer.lr=1")
    assert document.position("model.layers[1].out_features") == document.position("model.layers")
    assert document.position("optimizer.lr") == Position(1, 12, 1, 16)
    assert document.position("loss.type") == Position(6, 14, 6, 21)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("lr", "there is no '='"),
        ("=3", "no key stands before the '='"),
        ("a..b=1", "'a..b' is not a config path"),
        ("model.layers[2]=ReLU", "the index 2 is out of range: model.layers has 2 entries, counted from 0"),
        ("model.layers.x=1", "model.layers is a list; name an entry of it, such as model.layers[0]"),
        ("model[0]=1", "model is a mapping, so it has no entry [0]"),
        ("name.x=1", "name is text, so it has no key 'x'"),
        ("model.layers[0].out_features.x=1", "model.layers[0].out_features is a number, so it has no key 'x'"),
        ("fresh[0]=1", "there is nothing at fresh"),
        ("name=[a", "the value '[a' is not YAML"),
        ("name=a: b", "the value 'a: b' is a block of YAML"),
        ("name=- b", "the value '- b' is a block of YAML"),
        ("name=#1", "the value '#1' is empty or a comment in YAML"),
        ("name={a: 1, a: 2}", "the key 'a' appears twice"),
        ("name=!!python/name:os x", "the tag '!!python/name:os' is not read here"),
    ],
)
def test_what_does_not_fit_names_the_argument(argument: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(argument)
    assert [problem.line for problem in caught.value.problems] == [None]
    assert str(caught.value).startswith(f"--set {argument}: ")
    assert message in str(caught.value)


def test_all_bad_arguments_are_reported_with_the_problems_of_the_file() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_document("a: 1\na: 2\n", source="x", overrides=["b", "c.=1", "d=1"])
    assert len(caught.value.problems) == 3
