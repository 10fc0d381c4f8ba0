from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcheck_cli.config.schema import Component, Task
from gradcheck_cli.errors import ModelError
from gradcheck_cli.training.constant_output import best_constant
from gradcheck_cli.training.data import Dataset

RANDOM = np.random.default_rng(1)
LABELS = RANDOM.choice(4, size=240, p=[0.5, 0.3, 0.15, 0.05])
RARE = (RANDOM.uniform(size=240) < 0.3).astype(np.int64)
NUMBERS = (RANDOM.standard_exponential(size=(240, 2)) * [1.0, 5.0]).astype(np.float32)


def dataset(targets: np.ndarray, *, validation: np.ndarray | None = None) -> Dataset:
    held_out = targets[:0] if validation is None else validation
    x = np.zeros((len(targets), 1), np.float32)
    if targets.ndim == 2:
        return Dataset(x, targets, x[: len(held_out)], held_out, Task.REGRESSION)
    classes = int(targets.max()) + 1
    return Dataset(x, targets, x[: len(held_out)], held_out, Task.CLASSIFICATION, classes=classes)


def lowest_loss(loss: nn.Module, target: Tensor, outputs: int) -> float:
    """The same by plain descent on the output."""
    output = torch.zeros(outputs, dtype=torch.float64, requires_grad=True)
    lowest, step, velocity = math.inf, 1.0, torch.zeros_like(output)
    for _ in range(600):
        value = loss(output.expand(len(target), -1), target)
        (gradient,) = torch.autograd.grad(value, output)
        lowest, step = min(lowest, value.item()), step * 0.985
        velocity = 0.8 * velocity + gradient / gradient.norm().clamp_min(1e-12)
        output = (output - 0.5 * step * velocity).detach().requires_grad_()
    return lowest


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("CrossEntropyLoss", {}),
        ("CrossEntropyLoss", {"label_smoothing": 0.2}),
        ("CrossEntropyLoss", {"weight": [1.0, 2.0, 5.0, 0.5], "label_smoothing": 0.1}),
        ("CrossEntropyLoss", {"ignore_index": 1}),
        ("MultiMarginLoss", {}),
        ("MultiMarginLoss", {"margin": 0.5, "weight": [1.0, 2.0, 3.0, 4.0]}),
        ("MultiMarginLoss", {"p": 2, "margin": 2.0}),
    ],
)
def test_class_scores_cannot_be_bettered(name: str, arguments: dict[str, Any]) -> None:
    given = {k: torch.tensor(v, dtype=torch.float64) if isinstance(v, list) else v for k, v in arguments.items()}
    expected = lowest_loss(getattr(nn, name)(**given), torch.from_numpy(LABELS), 4)
    found = best_constant(dataset(LABELS), Component(type=name, arguments=arguments)).train_loss
    assert found == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("MSELoss", {}),
        ("L1Loss", {}),
        ("SmoothL1Loss", {}),
        ("SmoothL1Loss", {"beta": 0.2}),
        ("SmoothL1Loss", {"beta": 0.0}),
        ("HuberLoss", {"delta": 3.0}),
    ],
)
def test_numbers_cannot_be_bettered(name: str, arguments: dict[str, Any]) -> None:
    expected = lowest_loss(getattr(nn, name)(**arguments), torch.from_numpy(NUMBERS).double(), 2)
    found = best_constant(dataset(NUMBERS), Component(type=name, arguments=arguments))
    assert found.train_loss == pytest.approx(expected, rel=2e-3)
    assert found.prediction.shape == (2,)


@pytest.mark.parametrize(
    ("name", "arguments", "signed"),
    [
        ("BCEWithLogitsLoss", {}, False),
        ("BCEWithLogitsLoss", {"pos_weight": [4.0]}, False),
        ("BCEWithLogitsLoss", {"pos_weight": [4.0], "weight": [0.5]}, False),
        ("SoftMarginLoss", {}, True),
        ("MSELoss", {}, False),
    ],
)
def test_two_classes_with_one_output_cannot_be_bettered(name: str, arguments: dict[str, Any], signed: bool) -> None:
    given = {key: torch.tensor(value, dtype=torch.float64) for key, value in arguments.items()}
    target = torch.from_numpy(RARE).double()[:, None]
    expected = lowest_loss(getattr(nn, name)(**given), 2 * target - 1 if signed else target, 1)
    found = best_constant(dataset(RARE), Component(type=name, arguments=arguments)).train_loss
    assert found == pytest.approx(expected, rel=2e-3)


def test_bce_on_probabilities_equals_bce_on_logits() -> None:
    first, second = (best_constant(dataset(RARE), Component(type=t)) for t in ("BCELoss", "BCEWithLogitsLoss"))
    assert first.train_loss == second.train_loss


def test_one_hot_targets_of_two_outputs_cost_what_one_output_costs() -> None:
    loss = Component(type="BCEWithLogitsLoss")
    one, two = (best_constant(dataset(RARE), loss, outputs=width).train_loss for width in (1, 2))
    assert one == pytest.approx(two)


def test_hinge_embedding_is_taken_as_a_distance() -> None:
    found = best_constant(dataset(RARE), Component(type="HingeEmbeddingLoss", arguments={"margin": 2.0}))
    assert found.train_loss == pytest.approx(2 * RARE.mean())
    assert found.prediction == 0
    assert best_constant(dataset(1 - RARE), Component(type="HingeEmbeddingLoss")).prediction == 1


def test_validation_loss_is_of_the_constant_fitted_to_training() -> None:
    validation = np.array([0, 0, 1])
    found = best_constant(dataset(np.array([0, 0, 0, 1]), validation=validation), Component(type="CrossEntropyLoss"))
    assert found.validation_loss == pytest.approx(-(2 * math.log(0.75) + math.log(0.25)) / 3)
    assert found.prediction == 0


def test_a_class_that_training_lacks_costs_much_and_not_everything() -> None:
    data = dataset(np.array([0, 0, 0, 2]), validation=np.array([1]))
    for name in ("CrossEntropyLoss", "BCEWithLogitsLoss"):
        assert 0.5 < best_constant(data, Component(type=name)).validation_loss < 10


def test_without_validation_rows_its_loss_is_unknown() -> None:
    for targets, name in ((LABELS, "CrossEntropyLoss"), (LABELS, "MultiMarginLoss"), (NUMBERS, "MSELoss")):
        assert math.isnan(best_constant(dataset(targets), Component(type=name)).validation_loss)


def test_class_weights_move_the_predicted_class() -> None:
    plain = best_constant(dataset(RARE), Component(type="CrossEntropyLoss"))
    weighted = best_constant(dataset(RARE), Component(type="CrossEntropyLoss", arguments={"weight": [1.0, 9.0]}))
    assert plain.prediction == 0
    assert weighted.prediction == 1


def test_summed_losses_are_those_of_a_row() -> None:
    for targets, name, factor in ((NUMBERS, "MSELoss", 2), (LABELS, "CrossEntropyLoss", 1)):
        mean, total = (
            best_constant(dataset(targets), Component(type=name, arguments={"reduction": reduction})).train_loss
            for reduction in ("mean", "sum")
        )
        assert total == pytest.approx(factor * mean)
    weighted = {"weight": [2.0] * 4, "reduction": "sum"}
    found = best_constant(dataset(LABELS), Component(type="CrossEntropyLoss", arguments=weighted)).train_loss
    assert found == pytest.approx(2 * best_constant(dataset(LABELS), Component(type="CrossEntropyLoss")).train_loss)


def test_outputs_beyond_the_classes_cost_nothing_without_smoothing() -> None:
    loss = Component(type="CrossEntropyLoss")
    plain, wide = (best_constant(dataset(LABELS), loss, outputs=width).train_loss for width in (None, 40))
    assert wide == pytest.approx(plain)
    smoothed = Component(type="CrossEntropyLoss", arguments={"label_smoothing": 0.1})
    expected = lowest_loss(nn.CrossEntropyLoss(label_smoothing=0.1), torch.from_numpy(LABELS), 12)
    assert best_constant(dataset(LABELS), smoothed, outputs=12).train_loss == pytest.approx(expected, rel=2e-3)


def test_losses_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="'CrossEntropyLoss' needs classes"):
        best_constant(dataset(NUMBERS), Component(type="CrossEntropyLoss"))
    with pytest.raises(ModelError, match="'CTCLoss' is not supported"):
        best_constant(dataset(LABELS), Component(type="CTCLoss"))
