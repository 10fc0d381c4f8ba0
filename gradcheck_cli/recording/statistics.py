"""Norms of tensors that stay right when squares underflow or overflow; it keeps nothing.

All norms are L2. Squares of fp32 values below 1e-19 are lost and those above 1e19 overflow, so an fp32 norm that comes
out near those limits is taken again in fp64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gradcheck_cli.recording.history import Bools, Floats

HALF_TYPES = (torch.float16, torch.bfloat16)
TINY_NORM = 1e-20
"""Below this an fp32 norm may have lost squares."""
_SAFE_LOW, _SAFE_HIGH = 1e-15, 1e15
_MANY_ELEMENTS = 2**15


def norms(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The norm of each tensor as a 0-d tensor on its device, in fp32 or better.

    Raises:
        TypeError: One of them is None.
    """
    if not tensors:
        return []
    dtype = torch.float32 if any(tensor.dtype in HALF_TYPES for tensor in tensors) else None
    return all_norms(tensors, dtype=dtype)


def all_norms(tensors: Sequence[Tensor], *, dtype: torch.dtype | None) -> list[Tensor]:
    """`torch._foreach_norm`, or one public call per tensor where this torch has no such thing."""
    fused = getattr(torch, "_foreach_norm", None)
    if fused is None:
        return [torch.linalg.vector_norm(tensor, dtype=dtype) for tensor in tensors]
    found: list[Tensor] = list(fused(tensors, 2, dtype) if dtype else fused(tensors))
    return found


def precise_norm(tensor: Tensor) -> Tensor:
    """The norm of one tensor, accumulated in fp64 (0-d)."""
    return row_norms(tensor.detach().flatten().unsqueeze(0)).squeeze(0)


def row_norms(tensor: Tensor) -> Tensor:
    """The norm of each row over all its elements, in fp64: `[N, ...] -> [N]`.

    Large tensors are accumulated in fp32 first, at a quarter of the cost, and in fp64 where a row's norm is near the
    range in which squares are lost.
    """
    rows = tensor if tensor.dim() == 2 else tensor.flatten(1) if tensor.dim() > 2 else tensor.unsqueeze(1)
    if rows.is_mps:
        # No fp64 on this device: dividing by the largest element keeps the squares in range.
        largest = rows.abs().amax(dim=1, keepdim=True).float()
        scale = torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))
        scaled: Tensor = torch.linalg.vector_norm(rows / scale, dim=1) * scale.squeeze(1)
        return scaled
    if rows.is_cpu and rows.dtype is torch.float32 and rows.numel() >= _MANY_ELEMENTS:
        quick: Tensor = torch.linalg.vector_norm(rows, dim=1)
        smallest, largest = quick.aminmax()
        if float(smallest) > _SAFE_LOW and float(largest) < _SAFE_HIGH:
            return quick.double()
    found: Tensor = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
    return found


def varying_row_norms(tensor: Tensor) -> Tensor:
    """The norm of each row's distance to the mean row: `[N, ...] -> [N]`.

    The first row is subtracted first: rows that are all equal then give exactly 0, and rows that are nearly equal
    lose nothing to the rounding of a mean.
    """
    values = tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()
    shifted = values - values.select(0, 0)
    return row_norms(shifted.sub_(shifted.mean(dim=0)))


def exact_norms(tensors: Sequence[Tensor]) -> Floats:
    """The norm of each tensor, right where fp32 is not; waits for the device once, and again for each doubtful one."""
    if not tensors:
        return np.empty(0)
    values = to_numpy(torch.stack(norms(tensors)))
    for position in is_doubtful(values).nonzero()[0].tolist():
        values[position] = float(precise_norm(tensors[position]))
    return values


def is_doubtful(values: Floats) -> Bools:
    """Which fp32 norms are 0, tiny or infinite, and so may be nothing but lost squares."""
    doubtful: Bools = (values < TINY_NORM) | np.isinf(values)
    return doubtful


def to_numpy(tensor: Tensor) -> Floats:
    """A float64 copy on the host."""
    array: Floats = tensor.detach().cpu().double().numpy()
    return array


def total_norms(norms: Floats) -> Floats:
    """The norm over all parameters at each step, `[S, P] -> [S]`."""
    with np.errstate(over="ignore", invalid="ignore"):
        largest = np.max(np.abs(norms), axis=1, initial=0.0)
        scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
        total: Floats = scale * np.sqrt(np.square(norms / scale[:, None]).sum(axis=1))
    return total
