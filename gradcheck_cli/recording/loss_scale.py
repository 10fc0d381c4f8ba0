"""What a GradScaler has multiplied gradients by, at the moment; it scales nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

_UNSCALED = "UNSCALED"


def backward_scale(scaler: torch.amp.GradScaler) -> float:
    """What the loss was multiplied by in the backward pass; waits for the device."""
    return float(scaler.get_scale()) if scaler.is_enabled() else 1.0


def gradient_scale(scaler: torch.amp.GradScaler, optimizers: Sequence[Optimizer]) -> Tensor | float:
    """What the gradients are still multiplied by, on their device: 1 where `scaler.unscale_` was called.

    A fused optimizer unscales inside its own step.
    """
    if not scaler.is_enabled() or any(_is_unscaled(scaler, optimizer) for optimizer in optimizers):
        return 1.0
    scale = getattr(scaler, "_scale", None)
    # Changed in place by `scaler.update`.
    return scale.detach().clone() if isinstance(scale, Tensor) else float(scaler.get_scale())


def scale_inside_step(optimizer: Optimizer) -> Tensor | float:
    """The same inside `optimizer.step`, before it has done anything: not 1 for a fused optimizer alone."""
    scale: Any = getattr(optimizer, "grad_scale", None)
    return 1.0 if scale is None else scale


def _is_unscaled(scaler: torch.amp.GradScaler, optimizer: Optimizer) -> bool:
    states: dict[int, Any] = getattr(scaler, "_per_optimizer_states", {})
    stage = states[id(optimizer)].get("stage") if id(optimizer) in states else None
    return getattr(stage, "name", "") == _UNSCALED
