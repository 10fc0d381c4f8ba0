"""The slope f'(x) of elementwise activations at given inputs, by autograd of f alone; it attaches no hooks.

Taken from f alone, the slope does not depend on the loss nor on who else reads the activation's output.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SATURATED_SHARE = 0.01
"""An element is saturated where |f'(x)| is below this share of the largest slope of f."""
_KNOWN_SLOPES: dict[str, float] = {}
_RANGE = 8.0
_POINTS = 801


def absolute_slopes(module: nn.Module, inputs: Tensor) -> Tensor:
    """|f'(x)| at each element of `inputs`, in fp32 or better, shaped like it.

    Random activations (RReLU) are taken in evaluation mode, so that no random number is drawn.
    """
    # Inside a checkpointed segment, what is saved for this graph would be counted among what the segment saves.
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(_keep, _keep):
        x = _plain(inputs).requires_grad_()
        outputs = _apply(module, x)
        if not outputs.requires_grad:
            return torch.zeros_like(x)
        # The gradient of a sum is all ones. Given as a tensor it would make torch import its symbolic shapes (sympy).
        (slopes,) = torch.autograd.grad(outputs.sum(), x)
    return slopes.abs_()


def find_largest_slope(module: nn.Module, inputs: Tensor) -> float:
    """`largest_slope`, computed once for all modules of torch's own that look alike and learn nothing."""
    if next(module.parameters(), None) is not None or not type(module).__module__.startswith("torch.nn."):
        return largest_slope(module, inputs)
    key = repr(module)
    if key not in _KNOWN_SLOPES:
        _KNOWN_SLOPES[key] = largest_slope(module, inputs)
    return _KNOWN_SLOPES[key]


def largest_slope(module: nn.Module, inputs: Tensor) -> float:
    """The largest |f'| over inputs from -8 to 8; 1 where the slope grows without bound.

    Args:
        module: The activation.
        inputs: Some real input `[N, C, ...]`, for the number of channels that a learned slope has.
    """
    shape = (_POINTS, *(size if axis == 0 else 1 for axis, size in enumerate(inputs.shape[1:])))
    grid = torch.linspace(-_RANGE, _RANGE, _POINTS, device=inputs.device)
    grid = grid.view(-1, *[1] * (len(shape) - 1)).expand(shape)
    slopes = absolute_slopes(module, grid).nan_to_num()
    inner = slopes[grid.abs() <= _RANGE / 2]
    largest, largest_inside = float(slopes.max()), float(inner.max())
    return 1.0 if largest > 1.5 * largest_inside else largest


def _keep(tensor: Tensor) -> Tensor:
    return tensor


def _apply(module: nn.Module, x: Tensor) -> Tensor:
    """f(x), without the module's hooks."""
    if getattr(module, "inplace", False):
        # In-place activations may not write to a leaf of the graph.
        x = x.clone()
    if not isinstance(module, nn.RReLU) or not module.training:
        result: Tensor = module.forward(x)
        return result
    module.training = False
    try:
        return module.forward(x)
    finally:
        module.training = True


def _plain(inputs: Tensor) -> Tensor:
    """A copy outside any graph."""
    plain = inputs.detach()
    if plain.dtype not in (torch.float32, torch.float64):
        return plain.float()
    return plain.clone()
