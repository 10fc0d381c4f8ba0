"""The backward pass without the checks that `Tensor.backward` repeats each step; it computes nothing of its own.

On small networks those checks cost a tenth of a step. Where torch is not built as expected here, `Tensor.backward`
does the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Backward:
    """Calls torch's engine on a 0-d objective."""

    def __init__(self) -> None:
        self._engine: Any = getattr(torch.autograd.Variable, "_execution_engine", None)
        self._seed: Tensor | None = None

    def __call__(self, objective: Tensor) -> None:
        """Add the gradients of `objective` to those of the parameters."""
        if self._engine is None:
            torch.autograd.backward(objective)
            return
        seed = self._seed
        if seed is None or seed.dtype != objective.dtype or seed.device != objective.device:
            seed = self._seed = torch.ones_like(objective).detach()
        self._engine.run_backward((objective,), (seed,), False, False, (), allow_unreachable=True, accumulate_grad=True)
