"""What each loss takes as targets and how its outputs are read; it computes no loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradcheck_cli.config.schema import Component, Task
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.refusal import show_shape


@dataclass(frozen=True)
class Shapes:
    """What the data and the network bring together.

    Attributes:
        task: What the targets are.
        classes: Number of classes; None for regression.
        columns: Numbers a row in the targets; 1 for classes.
        output: Shape of the network's output for one row; None where there is no network.
        output_path: Config path of the layer that makes it.
    """

    task: Task
    classes: int | None
    columns: int
    output: tuple[int, ...] | None = None
    output_path: str = "model"


class Form(Protocol):
    """Targets, per-sample losses and predictions of one loss on one task."""

    def targets(self, y: NDArray[Any]) -> Tensor:
        """Targets as the loss takes them."""

    def per_sample(self, losses: Tensor, target: Tensor) -> Tensor:
        """The loss of each row `[N]` out of what `reduction="none"` gives."""

    def weight(self, target: Tensor) -> float:
        """By what torch's mean over these rows divides, up to a factor that all batches share."""

    def predict(self, output: Tensor) -> Tensor:
        """Classes `[N]` or numbers `[N, K]`."""


@dataclass(frozen=True)
class ClassIndices:
    """Targets int64 `[N]`, outputs one score a class.

    Attributes:
        class_weights: `[C]` where the mean is over class weights; None where all rows count alike.
        ignored: Class that the loss leaves out.
    """

    class_weights: Tensor | None = None
    ignored: int | None = None

    def targets(self, y: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(y, dtype=np.int64))

    def per_sample(self, losses: Tensor, target: Tensor) -> Tensor:
        if self.class_weights is None and self.ignored is None:
            return losses
        return losses * (len(losses) / self._count(target).sum())

    def weight(self, target: Tensor) -> float:
        if self.class_weights is None and self.ignored is None:
            return float(len(target))
        return float(self._count(target).sum())

    def _count(self, target: Tensor) -> Tensor:
        """How much each row counts, `[N]`."""
        weights = self.class_weights
        kept = target if self.ignored is None else torch.where(target == self.ignored, 0, target)
        counted = torch.ones(len(target), device=target.device) if weights is None else weights.to(target.device)[kept]
        return counted if self.ignored is None else torch.where(target == self.ignored, 0.0, counted)

    def predict(self, output: Tensor) -> Tensor:
        return output.argmax(dim=1)


@dataclass(frozen=True)
class Decision:
    """How a class is read from outputs that are compared with numbers.

    Attributes:
        off, on: The targets of a class that does not and that does hold.
        threshold: Of a single output between the two classes.
        rises: Whether a larger output means the class; with a distance a smaller one does.
    """

    off: float
    on: float
    threshold: float
    rises: bool = True


@dataclass(frozen=True)
class Numbers:
    """Targets float32 in the shape of the output: numbers, or one output a class (one in all for two classes).

    Attributes:
        row_shape: Of the output for one row.
        decision: None for regression.
        summed: Whether the loss of a row is the sum over its outputs, not their mean.
    """

    row_shape: tuple[int, ...]
    decision: Decision | None
    summed: bool

    def targets(self, y: NDArray[Any]) -> Tensor:
        numbers = torch.from_numpy(np.ascontiguousarray(y))
        if self.decision is not None:
            numbers = self._encode(numbers.long(), self.decision)
        return numbers.to(torch.float32).reshape(len(y), *self.row_shape)

    def _encode(self, y: Tensor, decision: Decision) -> Tensor:
        width = math.prod(self.row_shape)
        held = y[:, None] == (torch.tensor([1]) if width == 1 else torch.arange(width))
        return torch.where(held, decision.on, decision.off)

    def per_sample(self, losses: Tensor, target: Tensor) -> Tensor:
        rows = losses.reshape(len(losses), -1)
        return rows.sum(dim=1) if self.summed else rows.mean(dim=1)

    def weight(self, target: Tensor) -> float:
        return float(len(target))

    def predict(self, output: Tensor) -> Tensor:
        rows = output.reshape(len(output), -1)
        if self.decision is None:
            return rows
        score = rows if self.decision.rises else -rows
        if rows.shape[1] > 1:
            return score.argmax(dim=1)
        threshold = self.decision.threshold if self.decision.rises else -self.decision.threshold
        return (score[:, 0] > threshold).long()


def find_form(component: Component, shapes: Shapes) -> Form:
    """The form for a loss on this data.

    Raises:
        ModelError: The loss does not take such targets, or the outputs do not fit them.
    """
    if component.type in _CLASS_INDEX_LOSSES:
        _need_classes(component, shapes)
        _check_scores(component, shapes)
        return _class_indices(component)
    decision = None
    if shapes.task is Task.CLASSIFICATION:
        decision = _decision(component)
    elif component.type in _TWO_WAY_DECISIONS:
        _need_classes(component, shapes)
    summed = component.arguments.get("reduction") == "sum"
    return Numbers(_number_shape(component, shapes), decision, summed)


_CLASS_INDEX_LOSSES = frozenset({"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"})
_NUMBER_LOSSES = frozenset({"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"})
_TWO_WAY_DECISIONS: Mapping[str, Callable[[float], Decision]] = MappingProxyType(
    {
        "BCELoss": lambda margin: Decision(0.0, 1.0, 0.5),
        "BCEWithLogitsLoss": lambda margin: Decision(0.0, 1.0, 0.0),
        "SoftMarginLoss": lambda margin: Decision(-1.0, 1.0, 0.0),
        # Its input is a distance: `x` is the loss of class 1 and `margin - x` that of class 0, alike half way.
        "HingeEmbeddingLoss": lambda margin: Decision(-1.0, 1.0, margin / 2, rises=False),
    }
)
KNOWN_LOSSES = _CLASS_INDEX_LOSSES | _NUMBER_LOSSES | _TWO_WAY_DECISIONS.keys()


def _decision(component: Component) -> Decision:
    make = _TWO_WAY_DECISIONS.get(component.type)
    return make(float(component.arguments.get("margin", 1.0))) if make else Decision(0.0, 1.0, 0.5)


def _class_indices(component: Component) -> ClassIndices:
    if component.type == "MultiMarginLoss" or component.arguments.get("reduction") == "sum":
        return ClassIndices()
    weight = component.arguments.get("weight")
    tensor = None if weight is None else torch.tensor(weight, dtype=torch.float32)
    return ClassIndices(tensor, component.arguments.get("ignore_index"))


def _need_classes(component: Component, shapes: Shapes) -> None:
    if shapes.task is not Task.CLASSIFICATION:
        message = f"{component.type} needs classes as targets, but the targets are numbers"
        hint = "use such as MSELoss, or `data.task: classification`"
        raise ModelError([Problem("loss", message, hint=hint)])


def _check_scores(component: Component, shapes: Shapes) -> None:
    """One score a class, in one dimension: torch's own message speaks of an index out of range."""
    if shapes.output is None:
        return
    if len(shapes.output) != 1:
        message = (
            f"{component.type} needs one score a class for each row, but the network gives {show_shape(shapes.output)}"
        )
        raise ModelError([Problem(shapes.output_path, message, hint="end with layers such as Flatten and Linear")])
    _check_width(component, shapes, shapes.output[0])


def _check_width(component: Component, shapes: Shapes, width: int) -> None:
    classes = shapes.classes or 0
    if width < classes:
        plural = "s" if width != 1 else ""
        message = f"the network has {width} output{plural}, the data {classes} classes"
        hint = f"give the last layer {classes} outputs"
        if classes == 2 and component.type in _CLASS_INDEX_LOSSES:
            hint += ", or use BCEWithLogitsLoss"
        raise ModelError([Problem(shapes.output_path, message, f"{classes} outputs with {component.type}", hint)])


def _number_shape(component: Component, shapes: Shapes) -> tuple[int, ...]:
    """Shape of a row of the targets."""
    if shapes.task is Task.CLASSIFICATION:
        assert shapes.classes is not None
        if shapes.output is None:
            return (1 if shapes.classes <= 2 and component.type in _TWO_WAY_DECISIONS else shapes.classes,)
        width = math.prod(shapes.output)
        if width > 1 or shapes.classes > 2:
            _check_width(component, shapes, width)
        return shapes.output
    if shapes.output is None:
        return (shapes.columns,)
    if math.prod(shapes.output) != shapes.columns:
        given, wanted = show_shape(shapes.output), show_shape([shapes.columns])
        message = f"the network gives {given} for each row, the targets are {wanted}"
        hint = f"give the last layer {shapes.columns} output{'s' if shapes.columns != 1 else ''}"
        raise ModelError([Problem(shapes.output_path, message, hint=hint)])
    return shapes.output
