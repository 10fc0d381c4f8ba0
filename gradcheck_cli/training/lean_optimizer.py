"""torch optimizers without the import of `torch._dynamo` that their first use costs (0.8 to 1 s); it chooses none.

Where torch is not built as expected here, torch's own public calls are used as they are: slower to start, the same
weights.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

# The attribute under which `torch._disable_dynamo` keeps what it made of a function at that function's first call.
_CACHE = "__dynamo_disable"


def construct_optimizer(
    kind: type[Optimizer], parameters: Sequence[Tensor], *, arguments: Mapping[str, Any]
) -> Optimizer:
    """Build `kind(parameters, **arguments)`; its `step` gives torch's weights to the last bit and imports no dynamo.

    Step hooks and profiler marks are left out, as is the closure; a `differentiable` optimizer is left as torch has it.
    """
    with _dynamo_left_out():
        optimizer = kind(parameters, **arguments)
    plain_step = _plain_step(kind)
    if plain_step is not None and not optimizer.defaults.get("differentiable", False):
        # Set on the object, so that learning-rate schedules and GradScaler, which call `optimizer.step()`, find it.
        optimizer.step = MethodType(_without_gradients(plain_step), optimizer)  # type: ignore[method-assign]
    return optimizer


@contextmanager
def _dynamo_left_out() -> Iterator[None]:
    """Let `add_param_group`, which every constructor calls, run as it stands instead of through `torch._dynamo`."""
    function = getattr(Optimizer.add_param_group, "__wrapped__", None)
    if not isinstance(function, FunctionType) or hasattr(function, _CACHE) or "torch._dynamo" in sys.modules:
        yield
        return
    setattr(function, _CACHE, function)
    try:
        yield
    finally:
        delattr(function, _CACHE)


def _plain_step(kind: type[Optimizer]) -> Callable[[Optimizer], Any] | None:
    """The `step` that `kind` defines, without torch's wrappers; None where it is not found."""
    step: Any = inspect.unwrap(kind.step)
    found = isinstance(step, FunctionType) and step.__name__ == "step" and step.__module__.startswith("torch.optim.")
    return step if found else None


def _without_gradients(step: Callable[[Optimizer], Any]) -> Callable[[Optimizer], None]:
    def step_without_gradients(optimizer: Optimizer) -> None:
        with torch.no_grad():
            step(optimizer)

    return step_without_gradients
