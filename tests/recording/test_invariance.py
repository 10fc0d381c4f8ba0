"""Changes that mean nothing to a network must mean nothing to the signals that rules read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.recording.history import Floats, Quantity
from gradcheck_cli.recording.recorder import Recorder
from gradcheck_cli.rules.gradient_flow.profile import FlowProfile, read_profile
from gradcheck_cli.training.model import BuiltModel, build_model
from tests.histories import make_description, make_history, make_outcome

MOST_DECADES = 0.3
ROWS, FEATURES, CLASSES, STEPS, HIDDEN = 256, 20, 5, 3, 4
SEEDS = (0, 1, 2)
HIDDEN_LINEARS = tuple(f"linear_{number}" for number in range(1, HIDDEN + 1))
LINEARS = (*HIDDEN_LINEARS, f"linear_{HIDDEN + 1}")

NETWORK = """
data: {{type: digits}}
model:
  weight_init: kaiming_normal_
  bias_init: zeros_
  layers:
    - {{repeat: {hidden}, layers: [{{type: Linear, out_features: {width}}}, {activation}]}}
    - {{type: Linear, out_features: {classes}}}
loss: CrossEntropyLoss
optimizer: {{type: Adam, lr: 1e-3}}
trainer: {{epochs: 1}}
"""

Change = Callable[[BuiltModel], None]


@dataclass(frozen=True)
class Measured:
    """The normalised signals of a few steps of training.

    Attributes:
        signals: By quantity, then by layer or parameter: the mean over the steps.
    """

    profile: FlowProfile
    signals: Mapping[Quantity, Mapping[str, float]]


def measure(
    *,
    width: int = 48,
    activation: str = "ReLU",
    loss_factor: float = 1.0,
    optimizer: str = "Adam",
    change: Change = lambda _: None,
    seed: int = 0,
) -> Measured:
    """Train a small network for a few steps and read its signals as the rules do."""
    model = build(width=width, activation=activation, seed=seed)
    change(model)
    random = torch.Generator().manual_seed(100 + seed)
    inputs = torch.randn(ROWS, FEATURES, generator=random)
    targets = torch.randint(CLASSES, (ROWS,), generator=random)
    recorder = Recorder(model.modules, model.layers, planned_steps=STEPS, steps_per_epoch=STEPS)
    stepper = make_optimizer(optimizer, model.module, loss_factor=loss_factor)
    for _ in range(2):  # a unit is dead that is silent in two evaluations
        with recorder.observe_evaluation():
            recorder.begin_batch()
            model.module(inputs)
        recorder.end_evaluation()
    for _ in range(STEPS):
        recorder.begin_step()
        loss = loss_factor * nn.functional.cross_entropy(model.module(inputs), targets)
        stepper.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        recorder.after_backward(ROWS)
        stepper.step()
        recorder.after_update(loss.detach(), learning_rate=1e-3)
    return read(recorder, model, trivial=loss_factor * float(np.log(CLASSES)))


def make_optimizer(kind: str, module: nn.Module, *, loss_factor: float) -> torch.optim.Optimizer:
    """Adam, or SGD whose rate makes up for the factor of the loss."""
    if kind == "SGD":
        return torch.optim.SGD(module.parameters(), lr=0.1 / loss_factor)
    return torch.optim.Adam(module.parameters(), lr=1e-3)


def build(*, width: int, activation: str, seed: int) -> BuiltModel:
    text = NETWORK.format(hidden=HIDDEN, width=width, activation=activation, classes=CLASSES)
    config = load_config(parse_document(text, source="network.yaml"))
    return build_model(config, torch.zeros(3, FEATURES), seed=seed)


def read(recorder: Recorder, model: BuiltModel, *, trivial: float) -> Measured:
    recorded = recorder.finish()
    history = make_history(
        make_description(model.layers, planned_steps=STEPS, steps_per_epoch=STEPS),
        signals=recorded.signals,
        steps=recorded.steps,
        outcome=make_outcome(trivial_train_loss=trivial),
    )
    profile = read_profile(history)
    assert profile is not None
    assert [point.layer for point in profile.points] == list(LINEARS)
    means = {
        quantity: {name: float(np.mean(signal.row(name))) for name in signal.rows if signal.row(name).size}
        for quantity, signal in recorded.signals.items()
    }
    return Measured(profile, means)


def decades(first: Floats | float, second: Floats | float) -> float:
    """The largest distance between two signals, in powers of ten."""
    ratio = np.asarray(first) / np.asarray(second)
    assert np.isfinite(ratio).all()
    return float(np.abs(np.log10(ratio)).max())


def rescale(model: BuiltModel, layer: int, factor: float) -> None:
    """Multiply what a layer feeds into its ReLU, and divide the next layer's weights: the function stays the same."""
    before, after = (model.modules[f"linear_{number}"] for number in (layer, layer + 1))
    with torch.no_grad():
        before.get_parameter("weight").mul_(factor)
        before.get_parameter("bias").mul_(factor)
        after.get_parameter("weight").div_(factor)


def rescale_all(factor: float) -> Change:
    """Factors up and down in turn, on every hidden layer."""

    def change(model: BuiltModel) -> None:
        for layer in range(1, HIDDEN + 1):
            rescale(model, layer, factor if layer % 2 else 1 / factor)

    return change


@pytest.mark.parametrize("optimizer", ["Adam", "SGD"])
@pytest.mark.parametrize("activation", ["ReLU", "Tanh", "Sigmoid"])
def test_a_loss_times_ten_moves_no_signal(activation: str, optimizer: str) -> None:
    plain = measure(activation=activation, optimizer=optimizer)
    scaled = measure(activation=activation, optimizer=optimizer, loss_factor=10)
    assert decades(plain.profile.first_over_last, scaled.profile.first_over_last) < MOST_DECADES
    assert decades(plain.profile.sensitivity, scaled.profile.sensitivity) < MOST_DECADES
    assert decades(plain.profile.weakest_sensitivity, scaled.profile.weakest_sensitivity) < MOST_DECADES
    for layer in LINEARS:
        ratio = f"{layer}.weight"
        first, second = (one.signals[Quantity.UPDATE_RATIO][ratio] for one in (plain, scaled))
        assert decades(first, second) < MOST_DECADES


def test_signals_that_are_not_normalised_do_move_with_the_loss() -> None:
    plain, scaled = measure(), measure(loss_factor=10)
    moved = decades(plain.profile.backward[:, 0], scaled.profile.backward[:, 0])
    assert moved == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("activation", ["ReLU", "LeakyReLU", "GELU"])
def test_doubled_widths_under_he_initialisation_move_no_signal(activation: str, seed: int) -> None:
    narrow, wide = (measure(width=width, activation=activation, seed=seed) for width in (64, 128))
    assert decades(narrow.profile.first_over_last, wide.profile.first_over_last) < MOST_DECADES
    assert decades(narrow.profile.sensitivity, wide.profile.sensitivity) < MOST_DECADES
    for quantity in (Quantity.FORWARD_RELATIVE, Quantity.ACTIVATION_SLOPE):
        for name, value in narrow.signals[quantity].items():
            assert decades(value, wide.signals[quantity][name]) < MOST_DECADES


@pytest.mark.parametrize("optimizer", ["Adam", "SGD"])
def test_doubled_widths_move_no_update_ratio(optimizer: str) -> None:
    narrow, wide = (measure(width=width, optimizer=optimizer) for width in (64, 128))
    for layer in LINEARS:
        first, second = (one.signals[Quantity.UPDATE_RATIO][f"{layer}.weight"] for one in (narrow, wide))
        assert decades(first, second) < MOST_DECADES


@pytest.mark.parametrize("factor", [0.01, 10.0, 1000.0])
def test_rescaling_relu_layers_moves_no_sensitivity(factor: float) -> None:
    plain, rescaled = measure(), measure(change=rescale_all(factor))
    # Only before the first update are the two networks one function: a step of Adam or SGD knows the scale.
    assert decades(plain.profile.sensitivity[:, 0], rescaled.profile.sensitivity[:, 0]) < MOST_DECADES
    assert decades(plain.profile.loss[0], rescaled.profile.loss[0]) < MOST_DECADES


@pytest.mark.parametrize("factor", [0.01, 10.0, 1000.0])
def test_rescaling_inner_relu_layers_moves_no_ratio_of_first_to_last_layer(factor: float) -> None:
    plain = measure()
    rescaled = measure(change=lambda model: rescale(model, 2, factor))
    assert decades(plain.profile.first_over_last[0], rescaled.profile.first_over_last[0]) < MOST_DECADES


@pytest.mark.parametrize("factor", [0.01, 1000.0])
def test_rescaling_relu_layers_moves_no_share_of_dead_units(factor: float) -> None:
    def silence(model: BuiltModel) -> None:
        with torch.no_grad():
            model.modules["linear_2"].get_parameter("bias")[:12] = -1e4

    def change(model: BuiltModel) -> None:
        silence(model)
        rescale_all(factor)(model)

    plain, rescaled = (measure(change=one).signals[Quantity.DEAD_FRACTION] for one in (silence, change))
    assert plain == pytest.approx({"relu_1": 0, "relu_2": 0.25, "relu_3": 0, "relu_4": 0}, abs=0.1)
    assert plain == pytest.approx(rescaled)
