"""The slope f'(x) of elementwise activations at given inputs, from f alone; it attaches no hooks.

Taken from f alone, the slope does not depend on the loss nor on who else reads the activation's output.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

SATURATED_SHARE = 0.01
"""An element is saturated where |f'(x)| is below this share of the largest slope of f."""
_KNOWN_SLOPES: dict[str, float] = {}
_RANGE = 8.0
_POINTS = 801

_Slopes = Callable[[Any, Tensor, Tensor], Tensor]
_aten = torch.ops.aten
_SLOPES: Mapping[type[nn.Module], _Slopes] = {
    nn.ReLU: lambda _, x, ones: _aten.threshold_backward.default(ones, x, 0),
    nn.LeakyReLU: lambda f, x, ones: _aten.leaky_relu_backward.default(ones, x, f.negative_slope, False),
    nn.Tanh: lambda _, x, ones: _aten.tanh_backward.default(ones, x.tanh()),
    nn.Sigmoid: lambda _, x, ones: _aten.sigmoid_backward.default(ones, x.sigmoid()),
    nn.SiLU: lambda _, x, ones: _aten.silu_backward.default(ones, x),
    nn.GELU: lambda f, x, ones: _aten.gelu_backward.default(ones, x, approximate=f.approximate),
}
"""The kernels that autograd calls, called without it: a third of the cost. Given the module, the inputs and ones."""


def absolute_slopes(module: nn.Module, inputs: Tensor) -> Tensor:
    """|f'(x)| at each element of `inputs`, in fp32 or better, shaped like it.

    Random activations (RReLU) are taken in evaluation mode, so that no random number is drawn.
    """
    quick = _SLOPES.get(type(module))
    if quick is not None and "forward" not in vars(module):
        values = inputs.detach()
        values = values if values.dtype in (torch.float32, torch.float64) else values.float()
        return quick(module, values, torch.ones_like(values)).abs_()
    # Inside a checkpointed segment, what is saved for this graph would be counted among what the segment saves.
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(_keep, _keep):
        x = _plain(inputs).requires_grad_()
        outputs = _apply(module, x)
        if not outputs.requires_grad:
            return torch.zeros_like(x)
        # The gradient of a sum is all ones. Given as a tensor it would make torch import its symbolic shapes (sympy).
        (slopes,) = torch.autograd.grad(outputs.sum(), x)
    return slopes.abs_()


def share_below(slopes: Tensor, limit: float) -> Tensor:
    """Share of the elements that are below a limit (0-d); overwrites them."""
    # Comparing into floating-point numbers costs a quarter of making booleans that are then turned into them.
    return slopes.lt_(limit).mean()


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
