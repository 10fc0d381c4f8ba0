"""Checks what a loop hands to the recorder; it records nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from gradcheck_cli.errors import Problem, UsageError


def find_optimizers(given: Any) -> tuple[Optimizer, ...]:
    """Torch's own optimizers, also out of a wrapper (Lightning's, Accelerate's).

    Raises:
        UsageError: One of them is no optimizer of torch's.
    """
    several = given if isinstance(given, Sequence) else [given]
    found = tuple(_unwrap(one) for one in several)
    wrong = [type(one).__name__ for one, inner in zip(several, found, strict=True) if inner is None]
    if wrong or not found:
        message = f"{', '.join(wrong) or 'nothing'} is no optimizer"
        raise UsageError([Problem("optimizer", message, allowed="a torch.optim.Optimizer, or several of them")])
    return tuple(one for one in found if one is not None)


def check_options(
    model: Any, *, budget: float | None, planned_steps: int | None, log_layers: int | None = None
) -> None:
    """Raises:
    UsageError: The model is none, the budget is not a share, or one of the others not a number; all of them at once.
    """
    problems = []
    if not isinstance(model, nn.Module):
        problems.append(Problem("model", f"{type(model).__name__} is no model", allowed="a torch.nn.Module"))
    if budget is not None and not (isinstance(budget, int | float) and 0 < budget < 1):
        problems.append(Problem("budget", f"{budget!r} is no share", allowed="above 0 and below 1, or None"))
    if planned_steps is not None and (not isinstance(planned_steps, int) or planned_steps < 1):
        problems.append(
            Problem("planned_steps", f"{planned_steps!r} is no number of steps", allowed="1 or more, or None")
        )
    if log_layers is not None and (not isinstance(log_layers, int) or log_layers < 0):
        problems.append(Problem("log_layers", f"{log_layers!r} is no number of layers", allowed="0 or more, or None"))
    if problems:
        raise UsageError(problems)


def read_loss(loss: Any) -> Tensor | float | None:
    """One number, without its graph: a float where reading it costs no waiting, else a copy on its device.

    Raises:
        UsageError: It is not one number.
    """
    if isinstance(loss, Tensor):
        if loss.numel() != 1:
            message = f"a loss of shape {tuple(loss.shape)} is not one number"
            raise UsageError([Problem("loss", message, hint="give its mean, such as loss.mean()")])
        return float(loss.item()) if loss.is_cpu else loss.detach().reshape(()).clone()
    if loss is None or isinstance(loss, float):
        return loss
    try:
        return float(loss)
    except (TypeError, ValueError):
        message = f"{type(loss).__name__} is no loss"
        raise UsageError([Problem("loss", message, allowed="a tensor of one number, a float, or None")]) from None


def _unwrap(given: Any) -> Optimizer | None:
    inner = getattr(given, "optimizer", None)
    while isinstance(inner, Optimizer):
        given, inner = inner, getattr(inner, "optimizer", None)
    return given if isinstance(given, Optimizer) else None
