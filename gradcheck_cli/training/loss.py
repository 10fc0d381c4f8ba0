"""The loss of a config with the targets, per-sample values and predictions that belong to it; it trains nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gradcheck_cli.config.schema import Component, Task
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.loss_forms import KNOWN_LOSSES, Form, Shapes, find_form
from gradcheck_cli.training.own_losses import BCELoss, MultiMarginLoss
from gradcheck_cli.training.refusal import REFUSALS, blamed_path, shorten

_OWN_LOSSES: Mapping[str, type[nn.Module]] = MappingProxyType({"BCELoss": BCELoss, "MultiMarginLoss": MultiMarginLoss})
_TENSOR_ARGUMENTS = frozenset({"weight", "pos_weight"})


class Targets(Protocol):
    """What a loss must know of the data."""

    @property
    def task(self) -> Task: ...

    @property
    def classes(self) -> int | None: ...

    @property
    def y_train(self) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Loss:
    """A loss bound to the task at hand.

    Attributes:
        mean: The torch module, `(output [N, ...], target) -> []`: what training minimises, which is the mean over the
            batch, or the sum where the config says `reduction: sum`.
        mean_reduced: Whether it is a mean.
    """

    mean: nn.Module
    mean_reduced: bool
    _form: Form
    _each: nn.Module

    def targets(self, y: NDArray[Any]) -> Tensor:
        """Targets in the form that the loss takes.

        Args:
            y: Class indices `[N]`, or numbers `[N, K]`.

        Returns:
            Class indices `[N]` int64, or float32 in the shape of the network's output.
        """
        return self._form.targets(y)

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss of each row, `[N]`, whose mean (`reduction: sum`: whose sum) is what `mean` gives for these rows.

        With class weights torch divides by the sum of the rows' weights. The losses here are scaled to that, so the
        value of one row depends a little on the rows it is shown with.
        """
        return self._form.per_sample(self._each(output, target), target)

    def weight(self, target: Tensor) -> float:
        """How much a batch's mean counts beside those of other batches: its rows, or the sum of their class weights."""
        return self._form.weight(target)

    def predict(self, output: Tensor) -> Tensor:
        """The predicted class `[N]` int64, or the predicted numbers `[N, K]`."""
        return self._form.predict(output)

    def to(self, device: torch.device) -> Loss:
        """The same loss with its class weights on `device`."""
        return replace(self, mean=self.mean.to(device), _each=self._each.to(device))


def build_loss(
    component: Component, data: Targets, *, output: Tensor | None = None, output_path: str = "model"
) -> Loss:
    """Build the loss and check that it fits the targets and the network's output.

    Args:
        component: One of the losses of the catalog, with torch's arguments.
        data: The data set.
        output: What the network makes of a few rows, `[n, ...]`; None where there is no network: one output a class
            or number is then assumed, one in all for two classes where the loss allows it.
        output_path: Config path of the layer that makes it.

    Raises:
        ModelError: The loss does not fit the task, the output does not fit the targets, or torch refuses an argument.
    """
    if component.type not in KNOWN_LOSSES:
        raise ModelError([Problem("loss", f"{component.type!r} is no loss for one class or some numbers a row")])
    columns = data.y_train.shape[1] if data.y_train.ndim > 1 else 1
    row_shape = None if output is None else tuple(output.shape[1:])
    form = find_form(component, Shapes(data.task, data.classes, columns, row_shape, output_path))
    try:
        whole, each = _module(component), _module(component, reduction="none")
        loss = Loss(whole, component.arguments.get("reduction", "mean") != "sum", form, each)
        if output is not None:
            _try(loss, output, data.y_train)
    except REFUSALS as error:
        path = blamed_path("loss", component.arguments, error=error)
        raise ModelError([Problem(path, f"torch refuses {component.type}: {shorten(error)}")]) from error
    return loss


def _module(component: Component, **more: str) -> nn.Module:
    """The torch module; its class weights, lists in the config, are tensors."""
    arguments = {
        name: torch.tensor(value, dtype=torch.float32) if name in _TENSOR_ARGUMENTS and value is not None else value
        for name, value in component.arguments.items()
    }
    kind = _OWN_LOSSES.get(component.type) or getattr(nn, component.type)
    module: nn.Module = kind(**{**arguments, **more})
    return module


def _try(loss: Loss, output: Tensor, y: NDArray[Any]) -> None:
    """Let torch refuse now what it would refuse at the first step."""
    with torch.no_grad():
        loss.mean(output, loss.targets(np.resize(y, (len(output), *y.shape[1:]))))
