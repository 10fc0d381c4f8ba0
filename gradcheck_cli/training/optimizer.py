"""The optimizer that a config names, ready to step; it does not schedule the learning rate or clip gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from gradcheck_cli.config.schema import Component
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.recording.distributed import is_sharded
from gradcheck_cli.training.lean_optimizer import construct_optimizer
from gradcheck_cli.training.refusal import REFUSALS, as_plain_arguments, blamed_path, shorten

# On one CPU thread the fused step took 0.25 to 0.4 of the plain one's time for Adam, AdamW and Adagrad, 0.3 to 0.6 for
# SGD with momentum, and the same for plain SGD (2 and 3 hidden layers of 32 to 1,024 units).
_FUSED_TYPES = frozenset({"SGD", "Adam", "AdamW", "Adagrad"})
_FUSED_DEVICES = {"Adagrad": frozenset({"cpu"})}
_FUSED_DEVICES_OF_THE_REST = frozenset({"cpu", "cuda"})
_WHOLE_ONLY = frozenset({"SGD", "Adagrad"})
"""Those whose fused step torch 2.13 has for plain tensors only, not for `DTensor`s."""


class StepOptimizer:
    """A torch optimizer in one parameter group, and what a lean loop asks of it.

    Attributes:
        raw: The torch optimizer, for schedules and gradient scaling.
        parameters: The tensors it trains.
    """

    __slots__ = ("parameters", "raw")

    def __init__(self, raw: Optimizer, parameters: tuple[nn.Parameter, ...]) -> None:
        self.raw = raw
        self.parameters = parameters

    def step(self) -> None:
        """Update the parameters from their gradients."""
        self.raw.step()

    def zero_grad(self) -> None:
        """Forget the gradients: None, not zeros."""
        for parameter in self.parameters:
            parameter.grad = None

    @property
    def lr(self) -> float:
        """The learning rate of the next step; the largest where groups differ."""
        return max(float(group["lr"]) for group in self.raw.param_groups)


def build_optimizer(component: Component, parameters: Iterable[nn.Parameter]) -> StepOptimizer:
    """Build the optimizer for those of `parameters` that are not frozen.

    Args:
        component: A class of `torch.optim` with its own arguments.
        parameters: On the device where they will be trained.

    Raises:
        ModelError: torch refuses the arguments, or nothing is left to train.
    """
    trainable = tuple(parameter for parameter in parameters if parameter.requires_grad)
    if not trainable:
        raise ModelError([Problem("model", "no layer has weights that train", hint="remove a `trainable: false`")])
    kind = getattr(torch.optim, component.type, None)
    if not isinstance(kind, type) or not issubclass(kind, Optimizer):
        raise ModelError([Problem("optimizer.type", f"{component.type!r} is not an optimizer of torch.optim")])
    arguments = as_plain_arguments(component.arguments)
    _check_fused(component, trainable)
    try:
        raw = construct_optimizer(
            kind, trainable, arguments={**_speed(component.type, trainable, arguments), **arguments}
        )
    except REFUSALS as error:
        path = blamed_path("optimizer", component.arguments, error=error)
        raise ModelError([Problem(path, f"torch refuses {component.type}: {shorten(error)}")]) from error
    return StepOptimizer(raw, trainable)


def _check_fused(component: Component, parameters: tuple[nn.Parameter, ...]) -> None:
    if component.arguments.get("fused") and component.type in _WHOLE_ONLY and any(map(is_sharded, parameters)):
        message = f"torch has no fused {component.type} for sharded weights"
        raise ModelError([Problem("optimizer.fused", message, hint="leave it out, or use `trainer.strategy: ddp`")])


def _speed(kind: str, parameters: tuple[nn.Parameter, ...], arguments: Mapping[str, Any]) -> dict[str, bool]:
    """Ask for torch's fused step where it exists and the user does not say how to step."""
    if kind not in _FUSED_TYPES or {"fused", "foreach", "differentiable", "capturable"} & arguments.keys():
        return {}
    devices = _FUSED_DEVICES.get(kind, _FUSED_DEVICES_OF_THE_REST)
    if any(map(is_sharded, parameters)) and kind in _WHOLE_ONLY:
        return {}
    if all(parameter.device.type in devices and parameter.is_floating_point() for parameter in parameters):
        return {"fused": True}
    return {}
