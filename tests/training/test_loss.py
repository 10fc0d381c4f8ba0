"""Losses: torch's own values, their rows, the targets they take and what they refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gradcheck_cli.config.catalog import LOSSES
from gradcheck_cli.config.schema import Task
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.loss import Loss, build_loss
from gradcheck_cli.training.loss_forms import KNOWN_LOSSES
from tests.training.networks import Written, component, rows


@dataclass(frozen=True)
class Data:
    """Just what a loss asks of a data set."""

    y_train: NDArray[Any]
    task: Task
    classes: int | None = None


def classes(count: int, n: int = 12) -> Data:
    return Data(np.arange(n) % count, Task.CLASSIFICATION, count)


def numbers(columns: int, n: int = 12) -> Data:
    return Data(rows(n, columns, seed=3).numpy(), Task.REGRESSION)


def loss_for(written: Written, data: Data, output: Tensor) -> Loss:
    return build_loss(component(written), data, output=output, output_path="model.layers[4]")


def refusal(written: Written, data: Data, output: Tensor) -> Problem:
    with pytest.raises(ModelError) as caught:
        loss_for(written, data, output)
    (problem,) = caught.value.problems
    return problem


def test_the_losses_of_the_catalog() -> None:
    assert set(LOSSES) == KNOWN_LOSSES


CLASS_LOSSES: list[Written] = [
    "CrossEntropyLoss",
    {"type": "CrossEntropyLoss", "weight": [1.0, 5.0, 0.5]},
    {"type": "CrossEntropyLoss", "weight": [1.0, 5.0, 0.5], "label_smoothing": 0.1},
    {"type": "CrossEntropyLoss", "ignore_index": 2},
    {"type": "NLLLoss", "weight": [1.0, 5.0, 0.5]},
    "NLLLoss",
    {"type": "MultiMarginLoss", "p": 2, "weight": [1.0, 5.0, 0.5]},
]
NUMBER_LOSSES: list[Written] = [
    "MSELoss",
    "L1Loss",
    {"type": "SmoothL1Loss", "beta": 0.5},
    {"type": "HuberLoss", "delta": 0.5},
]
TWO_WAY_LOSSES: list[Written] = [
    "BCEWithLogitsLoss",
    {"type": "BCEWithLogitsLoss", "pos_weight": [3.0]},
    "SoftMarginLoss",
    {"type": "HingeEmbeddingLoss", "margin": 2.0},
]


def torch_loss(written: Written, **more: Any) -> nn.Module:
    made = component(written)
    arguments = {k: torch.tensor(v) if isinstance(v, list) else v for k, v in made.arguments.items()}
    module: nn.Module = getattr(nn, made.type)(**{**arguments, **more})
    return module


@pytest.mark.parametrize("reduction", ["mean", "sum"])
class TestValues:
    def check(self, written: Written, data: Data, output: Tensor, *, target: Tensor, reduction: str) -> None:
        keys = {"type": written} if isinstance(written, str) else written
        loss = loss_for({**keys, "reduction": reduction}, data, output)
        made = loss.targets(data.y_train)
        assert torch.equal(made, target)
        assert made.dtype == target.dtype
        value = loss.mean(output, made)
        assert torch.equal(value, torch_loss(written, reduction=reduction)(output, target))
        each = loss.per_sample(output, made)
        assert each.shape == (len(output),)
        assert (each.sum() if reduction == "sum" else each.mean()).item() == pytest.approx(value.item(), rel=1e-5)
        assert loss.mean_reduced is (reduction == "mean")

    @pytest.mark.parametrize("written", CLASS_LOSSES)
    def test_classes(self, written: Written, reduction: str) -> None:
        data = classes(3)
        target = torch.from_numpy(data.y_train)
        self.check(written, data, rows(12, 3).log_softmax(1), target=target, reduction=reduction)

    @pytest.mark.parametrize("written", TWO_WAY_LOSSES)
    def test_two_classes_in_one_output(self, written: Written, reduction: str) -> None:
        data = classes(2)
        target = torch.tensor([[0.0], [1.0]] * 6)
        if component(written).type in ("SoftMarginLoss", "HingeEmbeddingLoss"):
            target = 2 * target - 1
        self.check(written, data, rows(12, 1), target=target, reduction=reduction)

    @pytest.mark.parametrize("written", ["BCEWithLogitsLoss", "SoftMarginLoss", "HingeEmbeddingLoss", *NUMBER_LOSSES])
    def test_one_output_a_class(self, written: Written, reduction: str) -> None:
        data = classes(3)
        target = torch.eye(3)[torch.from_numpy(data.y_train)]
        if written in ("SoftMarginLoss", "HingeEmbeddingLoss"):
            target = 2 * target - 1
        self.check(written, data, rows(12, 3), target=target, reduction=reduction)

    @pytest.mark.parametrize("written", NUMBER_LOSSES)
    @pytest.mark.parametrize("columns", [1, 2])
    def test_numbers(self, written: Written, columns: int, reduction: str) -> None:
        data = numbers(columns)
        self.check(written, data, rows(12, columns), target=torch.from_numpy(data.y_train), reduction=reduction)

    def test_probabilities(self, reduction: str) -> None:
        target = torch.tensor([[0.0], [1.0]] * 6)
        self.check("BCELoss", classes(2), rows(12, 1).sigmoid(), target=target, reduction=reduction)


class TestTargets:
    def test_two_outputs_for_two_classes_are_one_hot(self) -> None:
        loss = loss_for("BCEWithLogitsLoss", classes(2), rows(4, 2))
        assert loss.targets(np.array([0, 1])).tolist() == [[1.0, 0.0], [0.0, 1.0]]

    def test_outputs_that_no_class_uses(self) -> None:
        loss = loss_for("MSELoss", classes(2), rows(4, 3))
        assert loss.targets(np.array([1])).tolist() == [[0.0, 1.0, 0.0]]
        assert loss_for("CrossEntropyLoss", classes(2), rows(4, 16)).mean_reduced

    def test_one_number_for_two_classes(self) -> None:
        assert loss_for("MSELoss", classes(2), rows(4, 1)).targets(np.array([0, 1])).tolist() == [[0.0], [1.0]]

    def test_the_shape_of_the_output_is_kept(self) -> None:
        """A target `[N, 1]` beside an output `[N]` would be spread to `[N, N]` by torch, with a warning."""
        data, output = numbers(1), rows(12)
        loss = loss_for("MSELoss", data, output)
        assert loss.targets(data.y_train).shape == (12,)
        assert loss.predict(output).shape == (12, 1)
        assert loss.per_sample(output, loss.targets(data.y_train)).shape == (12,)

    def test_without_a_network(self) -> None:
        assert build_loss(component("BCEWithLogitsLoss"), classes(2)).targets(np.array([1])).tolist() == [[1.0]]
        assert build_loss(component("MSELoss"), classes(2)).targets(np.array([1])).tolist() == [[0.0, 1.0]]
        assert build_loss(component("MSELoss"), numbers(2)).targets(np.ones((1, 2))).tolist() == [[1.0, 1.0]]


class TestPredictions:
    @pytest.mark.parametrize(
        ("written", "output", "expected"),
        [
            ("CrossEntropyLoss", [[0.1, 0.2, -1.0], [3.0, 0.0, 0.0]], [1, 0]),
            ("MSELoss", [[0.1, 0.2, -1.0], [3.0, 0.0, 0.0]], [1, 0]),
            ("HingeEmbeddingLoss", [[0.1, 0.2, -1.0], [3.0, 2.0, 1.0]], [2, 2]),
        ],
    )
    def test_several_outputs(self, written: str, output: list[list[float]], expected: list[int]) -> None:
        assert loss_for(written, classes(3), rows(2, 3)).predict(torch.tensor(output)).tolist() == expected

    @pytest.mark.parametrize(
        ("written", "output", "expected"),
        [
            ("BCEWithLogitsLoss", [-0.1, 0.1], [0, 1]),
            ("SoftMarginLoss", [-0.1, 0.1], [0, 1]),
            ("BCELoss", [0.4, 0.6], [0, 1]),
            ("MSELoss", [0.4, 0.6], [0, 1]),
            ({"type": "HingeEmbeddingLoss", "margin": 2.0}, [0.9, 1.1], [1, 0]),
        ],
    )
    def test_one_output(self, written: Written, output: list[float], expected: list[int]) -> None:
        predicted = loss_for(written, classes(2), rows(2, 1).sigmoid()).predict(torch.tensor(output)[:, None])
        assert predicted.tolist() == expected
        assert predicted.dtype == torch.int64

    @pytest.mark.parametrize("written", ["HingeEmbeddingLoss", "SoftMarginLoss", "BCEWithLogitsLoss"])
    def test_the_prediction_is_the_class_of_the_lower_loss(self, written: str) -> None:
        loss = loss_for(written, classes(2), rows(2, 1))
        output = rows(50, 1) + 0.5
        as_class = [loss.per_sample(output, loss.targets(np.full(50, label))) for label in (0, 1)]
        assert torch.equal(loss.predict(output), (as_class[1] < as_class[0]).long())

    def test_numbers(self) -> None:
        assert torch.equal(loss_for("MSELoss", numbers(2), rows(2, 2)).predict(rows(5, 2)), rows(5, 2))


class TestNonFinite:
    @pytest.mark.parametrize("written", sorted(KNOWN_LOSSES))
    def test_nan_is_a_result(self, written: str) -> None:
        data = classes(2)
        output = rows(4, 2).sigmoid()
        loss = loss_for(written, data, output)
        spoiled = output.clone()
        spoiled[1] = float("nan")
        target = loss.targets(data.y_train[:4])
        assert loss.mean(spoiled, target).isnan()
        assert loss.per_sample(spoiled, target).isnan().tolist() == [False, True, False, False]

    def test_no_probability(self) -> None:
        problem = refusal("BCELoss", classes(2), torch.tensor([[0.5], [2.0]]))
        assert "range from 0.5 to 2" in problem.message
        assert "BCEWithLogitsLoss" in problem.hint

    def test_half_precision(self) -> None:
        output = rows(4, 1).sigmoid()
        loss = loss_for("BCELoss", classes(2), output)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = loss.mean(output.bfloat16(), torch.ones(4, 1))
        assert value.item() == pytest.approx(loss.mean(output, torch.ones(4, 1)).item(), rel=1e-2)


class TestRefusals:
    @pytest.mark.parametrize("written", ["CrossEntropyLoss", "MultiMarginLoss", "BCEWithLogitsLoss", "MSELoss"])
    def test_fewer_outputs_than_classes(self, written: str) -> None:
        problem = refusal(written, classes(3), rows(4, 2))
        assert problem.path == "model.layers[4]"
        assert problem.message == "the network has 2 outputs, the data 3 classes"
        assert problem.hint == "give the last layer 3 outputs"

    def test_one_output_for_two_classes(self) -> None:
        assert "BCEWithLogitsLoss" in refusal("CrossEntropyLoss", classes(2), rows(4, 1)).hint
        assert "1 output," in refusal("MSELoss", classes(3), rows(4, 1)).message

    def test_scores_in_more_than_one_dimension(self) -> None:
        problem = refusal("CrossEntropyLoss", classes(3), rows(4, 5, 3))
        assert "the network gives [5, 3]" in problem.message

    def test_numbers_that_do_not_fit(self) -> None:
        problem = refusal("MSELoss", numbers(1), rows(4, 3))
        assert (problem.path, problem.hint) == ("model.layers[4]", "give the last layer 1 output")
        assert problem.message == "the network gives [3] for each row, the targets are [1]"

    @pytest.mark.parametrize("written", ["CrossEntropyLoss", "BCELoss", "HingeEmbeddingLoss"])
    def test_classes_wanted(self, written: str) -> None:
        problem = refusal(written, numbers(1), rows(4, 1))
        assert problem.path == "loss"
        assert "needs classes" in problem.message

    def test_weights_that_do_not_fit(self) -> None:
        problem = refusal({"type": "CrossEntropyLoss", "weight": [1.0, 2.0]}, classes(3), rows(4, 3))
        assert problem.path == "loss.weight"
        assert "weight tensor" in problem.message

    def test_other_losses(self) -> None:
        assert "'CTCLoss'" in refusal("CTCLoss", classes(3), rows(4, 3)).message


@pytest.mark.parametrize(
    ("arguments", "weight"),
    [({}, 4.0), ({"weight": [1.0, 2.0, 4.0]}, 8.0), ({"ignore_index": 2}, 3.0), ({"reduction": "sum"}, 4.0)],
)
def test_batches_count_by_what_torch_divides_by(arguments: dict[str, Any], weight: float) -> None:
    """The mean over a batch is that over its parts, weighted so."""
    output, target = torch.randn(4, 3), torch.tensor([0, 2, 1, 0])
    loss = loss_for({"type": "CrossEntropyLoss", **arguments}, classes(3), output)
    assert loss.weight(target) == weight
    if loss.mean_reduced:
        parts = [loss.mean(output[part], target[part]) * loss.weight(target[part]) for part in (slice(1), slice(1, 4))]
        assert torch.allclose(sum(parts, torch.zeros(())) / weight, loss.mean(output, target))
