"""Finds where the first NaN or Inf of a step comes from, in a step that is taken again; it takes no step itself.

Stands in for the recorder: each layer's inputs, outputs and gradients are looked at in the order in which torch makes
them, so that the first that is not finite belongs to its producer. What only passes it on comes later.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gradcheck_cli.recording.nested_tensors import find_tensors
from gradcheck_cli.recording.statistics import norms

MOST_ROWS = 32
INPUT, TARGET, LOSS = "input", "target", "loss"
"""Origins that are no layers."""


class Direction(StrEnum):
    """In which part of a step a value was made."""

    FORWARD = "forward"
    BACKWARD = "backward"
    UPDATE = "update"


@dataclass(frozen=True)
class Origin:
    """What produced the first value that is not finite.

    Attributes:
        producer: The layer's name, `input`, `target` or `loss`.
        direction: `forward`, `backward` or `update`.
        value: `nan`, `inf` or `-inf`: the first such value.
        rows: Rows of the step's batch, ascending, at most 32; empty where it belongs to no row.
        step: Optimizer step, from 0.
    """

    producer: str
    direction: Direction
    value: str
    rows: tuple[int, ...]
    step: int


class OriginTracer:
    """Takes a recorder's place around steps; `origin` is known after the step that is not finite."""

    is_sampling = False

    def __init__(
        self,
        network: nn.Module,
        modules: Mapping[str, nn.Module],
        *,
        parameters: Mapping[str, nn.Parameter],
        owners: Mapping[str, str],
    ) -> None:
        """Args:
        network: Takes the batch and gives what the loss is taken of.
        modules: By layer name, containers after their inner layers.
        parameters: The trainable ones by name.
        owners: The layer of each of them.
        """
        self._network, self._modules, self._parameters, self._owners = network, modules, parameters, owners
        self._handles: list[Any] = []
        self._made_out_of_place: list[nn.Module] = []
        self._forward: Origin | None = None
        self._backward: Origin | None = None
        self._step, self._row, self._batch_rows = 0, 0, 0
        self.is_tracing = False
        self.origin: Origin | None = None

    def start(self, step: int) -> None:
        """Say which step comes next."""
        self._step = step

    def begin_step(self) -> None:
        """Attach hooks where the step is to be traced."""
        self._forward = self._backward = None
        self._row = 0
        if not self.is_tracing:
            return
        self._handles.append(self._network.register_forward_pre_hook(self._before_network))
        self._handles.append(self._network.register_forward_hook(self._after_network))
        for name, module in self._modules.items():
            self._handles.append(module.register_forward_pre_hook(partial(self._before_layer, name)))
            self._handles.append(module.register_forward_hook(partial(self._after_layer, name)))
            if getattr(module, "inplace", False):
                self._made_out_of_place.append(module)
                module.inplace = False  # type: ignore[assignment]
        for name, parameter in self._parameters.items():
            layer = self._owners[name]
            handle = parameter.register_hook(partial(self._see_gradient, layer, None))  # type: ignore[no-untyped-call]
            self._handles.append(handle)

    def after_backward(self, rows: int, *, loss_scale: float = 1.0) -> list[Tensor]:
        """Norms of the gradients that exist, for clipping."""
        self.close()
        return norms([parameter.grad for parameter in self._parameters.values() if parameter.grad is not None])

    def after_clipping(self, factor: Tensor | float) -> None:
        """Nothing to keep."""

    def after_update(self, loss: Tensor | float, *, learning_rate: float) -> bool:
        """Settle where the step's first fault was."""
        if self.is_tracing and self.origin is None:
            self.origin = self._forward or self._lost(float(loss)) or self._backward or self._overshot()
        self._step += 1
        return False

    def flush(self) -> None:
        """Nothing is pending."""

    def close(self) -> None:
        """Remove all hooks."""
        while self._handles:
            self._handles.pop().remove()
        while self._made_out_of_place:
            self._made_out_of_place.pop().inplace = True  # type: ignore[assignment]

    def see_targets(self, targets: Tensor) -> None:
        """Look at a step's targets; call before the step."""
        if self.is_tracing and self.origin is None:
            self._batch_rows = len(targets)
            self.origin = self._describe(TARGET, Direction.FORWARD, targets, first_row=0)

    def _before_network(self, _module: nn.Module, inputs: tuple[Any, ...]) -> None:
        for tensor in inputs[:1]:
            self._batch_rows = len(tensor)
            self._forward = self._forward or self._describe(INPUT, Direction.FORWARD, tensor, first_row=self._row)

    def _after_network(self, _module: nn.Module, _inputs: Any, output: Any) -> None:
        first_row = self._row
        for tensor in find_tensors(output):
            if tensor.requires_grad:
                hook = partial(self._see_gradient, LOSS, first_row)
                self._handles.append(tensor.register_hook(hook))  # type: ignore[no-untyped-call]
        self._row = first_row + self._batch_rows

    def _before_layer(self, name: str, _module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give each consumer of a tensor a view of its own, whose gradient is that consumer's alone."""
        return tuple(self._watch_input(name, one) if isinstance(one, Tensor) else one for one in inputs)

    def _watch_input(self, name: str, tensor: Tensor) -> Tensor:
        if not (tensor.requires_grad and tensor.is_floating_point()):
            return tensor
        view = tensor.view_as(tensor)
        self._handles.append(
            view.register_hook(partial(self._see_gradient, name, self._row))  # type: ignore[no-untyped-call]
        )
        return view

    def _after_layer(self, name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        for tensor in find_tensors(output):
            self._forward = self._forward or self._describe(name, Direction.FORWARD, tensor, first_row=self._row)

    def _see_gradient(self, name: str, first_row: int | None, gradient: Tensor) -> None:
        self._backward = self._backward or self._describe(name, Direction.BACKWARD, gradient, first_row=first_row)

    def _lost(self, loss: float) -> Origin | None:
        if math.isfinite(loss):
            return None
        rows = self._backward.rows if self._backward is not None and self._backward.producer == LOSS else ()
        return Origin(LOSS, Direction.FORWARD, _spell(loss), rows, self._step)

    def _overshot(self) -> Origin | None:
        for name, parameter in self._parameters.items():
            found = self._describe(self._owners[name], Direction.UPDATE, parameter.detach(), first_row=None)
            if found is not None:
                return found
        return None

    def _describe(self, producer: str, direction: Direction, tensor: Tensor, *, first_row: int | None) -> Origin | None:
        """None where all of the tensor is finite; rows are counted where it has them."""
        values = tensor.detach()
        bad = ~torch.isfinite(values)
        if not bool(bad.any()):
            return None
        rows: Sequence[int] = ()
        if first_row is not None and values.dim() and len(values) == self._batch_rows:
            found = bad.reshape(len(values), -1).any(dim=1).nonzero().flatten()[:MOST_ROWS]
            rows = [first_row + int(row) for row in found]
        return Origin(producer, direction, _spell(float(values[bad][0])), tuple(rows), self._step)


def _spell(value: float) -> str:
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
