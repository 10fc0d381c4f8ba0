from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradcheck_cli.recording.description import ComponentDescription, DataDescription
from gradcheck_cli.rules.base import Finding, Safety, Severity
from gradcheck_cli.rules.output_and_loss.bounded_output import BoundedOutput
from tests.histories import make_description, make_layers, make_linted
from tests.rules.fixes.configs import data_after, load

EVERYTHING = (-float("inf"), float("inf"))


def check(loss: str, last: str, arguments: dict[str, Any] | None = None, **data: Any) -> list[Finding]:
    layers = make_layers("Linear", "ReLU", "Linear", last)
    layers = (*layers[:-1], replace(layers[-1], arguments=arguments or {}))
    known = DataDescription(**{"task": "classification", "classes": 10, **data})
    description = make_description(layers, loss=ComponentDescription(loss), data=known)
    return list(BoundedOutput().check(make_linted(description)))


def on_numbers(
    last: str, targets: tuple[float, float] | None, arguments: dict[str, Any] | None = None
) -> list[Finding]:
    return check("MSELoss", last, arguments, task="regression", classes=None, target_range=targets)


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCEWithLogitsLoss", "SoftMarginLoss"])
@pytest.mark.parametrize("last", ["ReLU", "Tanh", "ReLU6", "Softplus", "GELU", "ELU", "Hardtanh"])
def test_bounded_scores(loss: str, last: str) -> None:
    (finding,) = check(loss, last)
    assert finding.level is Severity.WARNING
    assert finding.ceiling is Severity.ERROR
    assert finding.path == "model.layers[3]"


@pytest.mark.parametrize("last", ["LeakyReLU", "PReLU", "Tanhshrink", "BatchNorm1d", "Dropout", "Linear"])
def test_scores_without_bound_are_left_alone(last: str) -> None:
    assert check("CrossEntropyLoss", last) == []


@pytest.mark.parametrize(
    ("loss", "last"),
    [
        ("CrossEntropyLoss", "Softmax"),
        ("CrossEntropyLoss", "LogSoftmax"),
        ("CrossEntropyLoss", "Sigmoid"),
        ("BCEWithLogitsLoss", "Sigmoid"),
        ("BCELoss", "Sigmoid"),
        ("NLLLoss", "LogSoftmax"),
        ("MSELoss", "Sigmoid"),
        ("MSELoss", "Softmax"),
        ("MSELoss", "ReLU"),
        ("MultiMarginLoss", "Tanh"),
    ],
)
def test_what_fits_or_is_named_by_another_rule_is_left_alone(loss: str, last: str) -> None:
    assert check(loss, last) == []


def test_probabilities_that_cannot_reach_one_hot_targets() -> None:
    assert check("MSELoss", "LogSoftmax")
    assert check("MSELoss", "LogSigmoid")


@pytest.mark.parametrize(
    ("last", "targets"),
    [("Sigmoid", (25.0, 346.0)), ("ReLU", (-1.6, 2.5)), ("Tanh", EVERYTHING), ("Softplus", (-5.0, -1.0))],
)
def test_targets_out_of_reach(last: str, targets: tuple[float, float]) -> None:
    (finding,) = on_numbers(last, targets)
    assert finding.ceiling is Severity.ERROR


@pytest.mark.parametrize(
    ("last", "targets"),
    [
        ("Sigmoid", (0.0, 1.0)),
        ("ReLU", (0.0, 900.0)),
        ("Tanh", (-1.0, 1.0)),
        ("Softplus", (0.0, 2.0)),
        ("Sigmoid", None),
    ],
)
def test_targets_in_reach_or_unknown(last: str, targets: tuple[float, float] | None) -> None:
    assert on_numbers(last, targets) == []


def test_threshold_counts_the_share_of_the_spread_beyond() -> None:
    assert on_numbers("ReLU", (-0.04, 0.96)) == []
    assert len(on_numbers("ReLU", (-0.06, 0.94))) == 1


def test_constant_target_out_of_reach() -> None:
    assert on_numbers("Sigmoid", (3.0, 3.0))
    assert on_numbers("Sigmoid", (0.5, 0.5)) == []


def test_bounds_follow_the_arguments() -> None:
    assert on_numbers("Hardtanh", (-3.0, 3.0), {"min_val": -4, "max_val": 4}) == []
    assert on_numbers("ELU", (-3.0, 3.0), {"alpha": 4.0}) == []
    assert on_numbers("Elementwise", (-3.0, 3.0), {"function": "sin"})
    assert on_numbers("Elementwise", (-3.0, 3.0), {"function": "sinh"}) == []


def test_hidden_activations_are_left_alone() -> None:
    layers = make_layers("Linear", "Sigmoid", "Linear")
    assert list(BoundedOutput().check(make_linted(make_description(layers)))) == []


CONFIG = """
data: {type: diabetes}
model: {layers: [LAYERS]}
loss: MSELoss
optimizer: {type: Adam, lr: 1e-3}
trainer: {epochs: 2}
"""


def test_fix_removes_the_layer_where_it_is_written_for_itself() -> None:
    text = CONFIG.replace("LAYERS", "{type: Linear, out_features: 8}, ReLU, {type: Linear, out_features: 1}, Sigmoid")
    (finding,) = on_numbers("Sigmoid", (25.0, 346.0))
    (fix,) = BoundedOutput().fixes(finding, load(text))
    assert data_after(text, fix)["model"]["layers"][-1] == {"type": "Linear", "out_features": 1}


def test_layer_of_a_repeated_group_is_not_removed_everywhere() -> None:
    text = CONFIG.replace("LAYERS", "{repeat: 2, layers: [{type: Linear, out_features: 1}, Sigmoid]}")
    finding = replace(on_numbers("Sigmoid", (25.0, 346.0))[0], path="model.layers[0].layers[1]")
    (fix,) = BoundedOutput().fixes(finding, load(text))
    assert fix.safety is Safety.ADVICE
