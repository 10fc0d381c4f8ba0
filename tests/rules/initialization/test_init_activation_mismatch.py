from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.recording.describing import describe
from gradcheck_cli.recording.history import Quantity
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.initialization.init_activation_mismatch import InitActivationMismatch
from tests.histories import make_history, make_linted, make_outcome, make_steps
from tests.rules.fixes.configs import data_after, load

CONFIG = """
data: {type: digits, standardize: true}
model:
  weight_init: INIT
  bias_init: zeros_
  layers:
    - {repeat: DEPTH, layers: [{type: Linear, out_features: 64}, ACTIVATION]}
    - {type: Linear, out_features: 10}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.05}
trainer: {epochs: 2}
"""
PLAIN = "\n".join(line for line in CONFIG.splitlines() if "_init" not in line)


def write(activation: str, depth: int, init: str = "", template: str = CONFIG) -> str:
    text = template if init else PLAIN
    return text.replace("INIT", init).replace("DEPTH", str(depth)).replace("ACTIVATION", activation)


def check(text: str, **thresholds: float) -> list[Finding]:
    return list(InitActivationMismatch(**thresholds).check(make_linted(describe(load(text)))))


@pytest.mark.parametrize(
    ("activation", "depth", "init"),
    [
        ("ReLU", 12, ""),
        ("ReLU", 14, "{type: xavier_normal_, gain: 0.5}"),
        ("Tanh", 18, ""),
        ("Tanh", 7, "{type: normal_, std: 0.01}"),
        ("Sigmoid", 6, ""),
        ("Sigmoid", 8, "xavier_uniform_"),
        ("ReLU", 4, "{type: uniform_, a: -0.01, b: 0.01}"),
    ],
)
def test_signal_that_is_lost(activation: str, depth: int, init: str) -> None:
    (finding,) = check(write(activation, depth, init))
    assert "lose the signal" in finding.message
    assert len(finding.layers) == depth
    assert finding.level is Severity.WARNING
    assert finding.effects is not None
    assert "GC101" in finding.effects
    assert "GC102" not in finding.effects


def test_signal_that_was_measured_to_fade_is_left_to_vanishing_gradient() -> None:
    description = describe(load(write("Sigmoid", 6)))
    stuck: dict[str, Any] = {"steps": make_steps(loss=2.3), "outcome": make_outcome(0.1, final_slice_loss=2.3)}
    fading = {Quantity.BACKWARD_SIGNAL: {f"linear_{i}": 10.0 ** (i - 7) for i in range(1, 8)}}
    assert list(InitActivationMismatch().check(make_history(description, **stuck)))
    assert not list(InitActivationMismatch().check(make_history(description, changes=fading, **stuck)))


@pytest.mark.parametrize(
    ("activation", "depth", "init"),
    [
        ("ReLU", 6, "{type: normal_, std: 1.0}"),
        ("LeakyReLU", 8, "{type: orthogonal_, gain: 4.0}"),
        ("GELU", 10, "{type: normal_, std: 0.5}"),
    ],
)
def test_signal_that_grows(activation: str, depth: int, init: str) -> None:
    (finding,) = check(write(activation, depth, init))
    assert "blow up the signal" in finding.message
    assert finding.effects is not None
    assert "GC102" in finding.effects
    assert "GC305" not in finding.effects


@pytest.mark.parametrize("activation", ["Tanh", "Sigmoid", "Hardtanh"])
def test_saturating_activations_that_start_where_they_are_flat(activation: str) -> None:
    (finding,) = check(write(activation, 3, "{type: normal_, std: 2.0}"))
    assert "starts where it is flat" in finding.message


@pytest.mark.parametrize(
    ("activation", "depth", "init"),
    [
        ("ReLU", 30, "kaiming_normal_"),
        ("LeakyReLU", 30, "kaiming_uniform_"),
        ("Tanh", 20, "xavier_normal_"),
        ("Tanh", 7, "{type: xavier_normal_, gain: 1.0}"),
        ("GELU", 12, "kaiming_normal_"),
        ("SELU", 12, "kaiming_normal_"),
        ("SELU", 12, "{type: kaiming_normal_, nonlinearity: linear}"),
        ("ReLU", 12, "orthogonal_"),
        ("ReLU", 5, ""),
        ("Sigmoid", 3, ""),
        ("Tanh", 4, "{type: normal_, std: 0.03}"),
        ("ReLU", 2, "{type: normal_, std: 0.005}"),
        ("Softplus", 5, "kaiming_normal_"),
    ],
)
def test_signal_that_arrives(activation: str, depth: int, init: str) -> None:
    assert check(write(activation, depth, init)) == []


@pytest.mark.parametrize("init", ["", "{type: kaiming_normal_, nonlinearity: relu}"])
def test_selu_wants_its_own_initialisation_but_that_is_no_error(init: str) -> None:
    (finding,) = check(write("SELU", 6, init))
    assert finding.ceiling is Severity.WARNING
    assert finding.effects == ()


def test_each_side_of_the_thresholds() -> None:
    assert check(write("ReLU", 9)) == []
    assert len(check(write("ReLU", 9), min_signal=1e-3)) == 1
    large = write("ReLU", 3, "{type: normal_, std: 0.6}")
    assert check(large) == []
    assert len(check(large, max_signal=20.0)) == 1
    wide = write("Tanh", 2, "{type: normal_, std: 0.4}")
    assert check(wide) == []
    assert len(check(wide, max_spread=2.0)) == 1


def test_one_odd_layer_does_not_count() -> None:
    text = write("ReLU", 4, "kaiming_normal_").replace(
        "    - {type: Linear, out_features: 10}",
        "    - {type: Linear, out_features: 64, weight_init: {type: normal_, std: 1e-8}}\n    - ReLU\n"
        "    - {type: Linear, out_features: 10}",
    )
    assert check(text) == []


@pytest.mark.parametrize("between", ["BatchNorm1d, ReLU", "LayerNorm, ReLU", "ReLU, BatchNorm1d"])
def test_normalisation_starts_afresh(between: str) -> None:
    assert check(write(between, 20, "{type: normal_, std: 0.01}")) == []


def test_residual_sums_are_left_alone() -> None:
    block = "ReLU, {type: Residual, layers: [{type: Linear, out_features: 64}, ReLU, {type: Linear, out_features: 64}]}"
    assert check(write(block, 20)) == []


def test_what_is_not_known_is_left_alone() -> None:
    unknown = write("ReLU", 14).replace("type: digits", "type: csv, path: rows.csv, target: y, task: classification")
    assert check(unknown) == []
    assert check(write("{type: Elementwise, function: sin}", 14)) == []
    assert check(write("ReLU", 14, "{type: constant_, val: 0.1}")) == []
    assert list(InitActivationMismatch().check(make_history())) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (write("ReLU", 14, "{type: xavier_normal_, gain: 0.5}"), "kaiming_normal_"),
        (write("Tanh", 3, "{type: normal_, std: 2.0}"), "xavier_normal_"),
        (write("ReLU", 6, "{type: normal_, std: 1.0}"), "kaiming_normal_"),
        (write("SELU", 6), "kaiming_normal_"),
    ],
)
def test_first_fix_draws_weights_that_match(text: str, expected: str) -> None:
    (finding,) = check(text)
    fix = InitActivationMismatch().fixes(finding, load(text))[0]
    fixed: dict[str, Any] = data_after(text, fix)
    assert fixed["model"]["weight_init"] == expected


def test_deep_sigmoid_stack_gets_other_activations_first() -> None:
    text = write("Sigmoid", 8)
    (finding,) = check(text)
    fixed = data_after(text, InitActivationMismatch().fixes(finding, load(text))[0])
    assert fixed["model"]["layers"][0]["layers"][1] == "ReLU"
