from __future__ import annotations

from dataclasses import replace

import pytest

from gradcheck_cli.recording.description import ComponentDescription, LayerDescription
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.output_and_loss.redundant_softmax import RedundantSoftmax
from tests.histories import make_description, make_layers, make_linted


def check(loss: str, layers: tuple[LayerDescription, ...]) -> list[Finding]:
    description = make_description(layers, loss=ComponentDescription(loss))
    return list(RedundantSoftmax().check(make_linted(description)))


def ending(*types: str, outputs: int = 10) -> tuple[LayerDescription, ...]:
    return make_layers("Linear", "ReLU", "Linear", *types, outputs=outputs)


def without_shapes(layers: tuple[LayerDescription, ...], outputs: int) -> tuple[LayerDescription, ...]:
    bare = [replace(layer, input_shape=None, output_shape=None) for layer in layers]
    return tuple(replace(b, arguments={"out_features": outputs}) if b.type == "Linear" else b for b in bare)


@pytest.mark.parametrize(
    ("loss", "last"),
    [
        ("CrossEntropyLoss", "Softmax"),
        ("CrossEntropyLoss", "Sigmoid"),
        ("BCEWithLogitsLoss", "Sigmoid"),
        ("BCEWithLogitsLoss", "Softmax"),
    ],
)
def test_squashed_twice(loss: str, last: str) -> None:
    (finding,) = check(loss, ending(last))
    assert finding.level is Severity.WARNING
    assert finding.ceiling is Severity.ERROR
    assert finding.path == "model.layers[3]"
    assert finding.layers == (f"{last.lower()}_1",)


@pytest.mark.parametrize("last", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCELoss", "NLLLoss", "MSELoss"])
def test_over_one_unit_is_an_error_with_any_loss(loss: str, last: str) -> None:
    (finding,) = check(loss, ending(last, outputs=1))
    assert finding.level is Severity.ERROR


def test_over_one_unit_in_lint_where_no_shape_is_known() -> None:
    assert check("BCELoss", without_shapes(ending("Softmax", outputs=1), 1))[0].level is Severity.ERROR
    assert check("BCELoss", without_shapes(ending("Softmax"), 10)) == []


def test_log_softmax_before_cross_entropy_is_a_note() -> None:
    (finding,) = check("CrossEntropyLoss", ending("LogSoftmax"))
    assert finding.ceiling is Severity.INFO


@pytest.mark.parametrize(
    ("loss", "types"), [("NLLLoss", ()), ("NLLLoss", ("Softmax",)), ("BCELoss", ()), ("BCELoss", ("LogSoftmax",))]
)
def test_missing_output_layer(loss: str, types: tuple[str, ...]) -> None:
    assert len(check(loss, ending(*types))) == 1


@pytest.mark.parametrize(
    ("loss", "types"),
    [
        ("CrossEntropyLoss", ()),
        ("CrossEntropyLoss", ("ReLU",)),
        ("BCEWithLogitsLoss", ()),
        ("NLLLoss", ("LogSoftmax",)),
        ("BCELoss", ("Sigmoid",)),
        ("BCELoss", ("Softmax",)),
        ("MSELoss", ("Sigmoid",)),
        ("MSELoss", ("Softmax",)),
        ("MultiMarginLoss", ("Softmax",)),
    ],
)
def test_right_pairs_are_left_alone(loss: str, types: tuple[str, ...]) -> None:
    assert check(loss, ending(*types)) == []


def test_softmax_inside_the_network_is_left_alone() -> None:
    assert check("CrossEntropyLoss", make_layers("Linear", "Softmax", "Linear")) == []


def test_layers_that_only_reshape_are_looked_through() -> None:
    assert len(check("CrossEntropyLoss", ending("Softmax", "Flatten"))) == 1


def test_softmax_inside_a_branch_is_not_the_output() -> None:
    linear, softmax = make_layers("Linear", "Softmax")
    inside = replace(softmax, parent="concat_1", branch="0")
    concat = make_layers("Concat")[0]
    assert check("CrossEntropyLoss", (linear, inside, concat)) == []
    assert check("NLLLoss", (linear, inside, concat)) == []


def test_softmax_over_another_dimension_is_measured_there() -> None:
    layer = replace(ending("Softmax")[-1], input_shape=(1, 10), arguments={"dim": 1})
    assert check("MSELoss", (*ending(), layer))[0].level is Severity.ERROR
    wide = replace(layer, arguments={"dim": -1})
    assert check("MSELoss", (*ending(), wide)) == []
    batch = replace(layer, arguments={"dim": 0})
    assert check("MSELoss", (*ending(), batch)) == []
