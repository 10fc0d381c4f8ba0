from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradcheck_cli.recording.description import ComponentDescription, DataDescription, LayerDescription
from gradcheck_cli.rules.base import Finding, Safety, Severity
from gradcheck_cli.rules.output_and_loss.wrong_output_width import WrongOutputWidth
from tests.histories import make_description, make_layers, make_linted
from tests.rules.fixes.configs import data_after, load

NETWORK = """
data: {type: wine}
model:
  layers: [{type: Linear, out_features: 16}, ReLU, LAST]
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 1e-3}
trainer: {epochs: 2}
"""


def check(loss: str, layers: tuple[LayerDescription, ...], **data: Any) -> list[Finding]:
    known = DataDescription(**{"task": "classification", "classes": 10, **data})
    description = make_description(layers, loss=ComponentDescription(loss), data=known)
    return list(WrongOutputWidth().check(make_linted(description)))


def wide(outputs: int, *behind: str) -> tuple[LayerDescription, ...]:
    return make_layers("Linear", "ReLU", "Linear", *behind, outputs=outputs)


def without_shapes(layers: tuple[LayerDescription, ...], outputs: int) -> tuple[LayerDescription, ...]:
    bare = [replace(layer, input_shape=None, output_shape=None) for layer in layers]
    return tuple(replace(b, arguments={"out_features": outputs}) if b.type == "Linear" else b for b in bare)


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "NLLLoss", "MultiMarginLoss", "BCEWithLogitsLoss", "MSELoss"])
def test_fewer_outputs_than_classes_is_an_error_by_itself(loss: str) -> None:
    (finding,) = check(loss, wide(9, "Dropout"))
    assert finding.level is Severity.ERROR
    assert finding.layers == ("linear_2",)
    assert finding.path == "model.layers[2]"


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCEWithLogitsLoss", "MSELoss"])
def test_more_outputs_than_classes_is_at_most_a_warning(loss: str) -> None:
    (finding,) = check(loss, wide(11))
    assert finding.level is finding.ceiling is Severity.WARNING


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCELoss", "MSELoss", "SoftMarginLoss"])
def test_an_output_a_class_is_right(loss: str) -> None:
    assert check(loss, wide(10)) == []


@pytest.mark.parametrize("loss", ["BCELoss", "BCEWithLogitsLoss", "SoftMarginLoss", "HingeEmbeddingLoss", "MSELoss"])
def test_one_output_is_right_for_two_classes_where_it_is_compared_with_a_number(loss: str) -> None:
    assert check(loss, wide(1), classes=2) == []
    assert check(loss, wide(1), classes=3)[0].level is Severity.ERROR


def test_one_score_for_two_classes_is_too_few() -> None:
    assert check("CrossEntropyLoss", wide(1), classes=2)[0].level is Severity.ERROR


def test_scores_must_stand_in_one_row() -> None:
    layers = wide(10)
    sequence = (*layers[:-1], replace(layers[-1], output_shape=(5, 10)))
    (finding,) = check("CrossEntropyLoss", sequence)
    assert "row of scores" in finding.message
    assert finding.level is Severity.ERROR


def test_regression_needs_an_output_for_each_target() -> None:
    number = {"task": "regression", "classes": None}
    assert check("MSELoss", wide(1), **number, target_columns=1) == []
    assert check("MSELoss", wide(3), **number, target_columns=3) == []
    assert check("MSELoss", wide(2), **number, target_columns=1)[0].level is Severity.ERROR
    assert check("MSELoss", wide(2), **number) == []


def test_what_is_not_known_is_left_alone() -> None:
    assert check("CrossEntropyLoss", wide(3), classes=None) == []
    assert check("CrossEntropyLoss", wide(3), task="") == []
    unknown = tuple(replace(layer, output_shape=None, type="GRU") for layer in wide(3))
    assert check("CrossEntropyLoss", unknown) == []


def test_width_of_the_last_linear_layer_tells_where_no_shape_is_known() -> None:
    assert check("CrossEntropyLoss", without_shapes(wide(9, "Dropout", "Softmax"), 9))[0].level is Severity.ERROR
    assert check("CrossEntropyLoss", without_shapes(wide(9, "Flatten"), 9)) == []


def finding_at(path: str, wanted: int) -> Finding:
    (finding,) = check("CrossEntropyLoss", wide(2), classes=wanted)
    return replace(finding, path=path)


def test_fix_sets_the_width_of_the_last_layer() -> None:
    text = NETWORK.replace("LAST", "{type: Linear, out_features: 2, name: head}")
    (fix,) = WrongOutputWidth().fixes(finding_at("model.layers[2]", 3), load(text))
    assert data_after(text, fix)["model"]["layers"][2] == {"type": "Linear", "out_features": 3, "name": "head"}


def test_fix_of_a_network_that_ends_otherwise_adds_a_layer() -> None:
    text = NETWORK.replace("LAST", "Tanh")
    (fix,) = WrongOutputWidth().fixes(finding_at("model.layers[2]", 3), load(text))
    assert data_after(text, fix)["model"]["layers"][3] == {"type": "Linear", "out_features": 3}


def test_layer_that_is_repeated_cannot_be_set_alone() -> None:
    text = NETWORK.replace("LAST", "{type: Linear, out_features: 2, repeat: 2}")
    (fix,) = WrongOutputWidth().fixes(finding_at("model.layers[2]", 3), load(text))
    assert fix.safety is Safety.ADVICE
