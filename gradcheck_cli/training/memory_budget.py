"""Refuses a model whose weights would not fit, before any of them is allocated; it measures nothing at run time."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from gradcheck_cli.config.layers import Layer
from gradcheck_cli.errors import ModelError, Problem

_GIB = 1024**3
_BYTES_A_WEIGHT = 4
# Weights, their gradients and the two averages that Adam keeps.
_COPIES_IN_TRAINING = 4
_FALLBACK_LIMIT_BYTES = 2 * _GIB


def weight_limit_bytes() -> int:
    """Bytes of weights with which training still fits into the machine's memory."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return _FALLBACK_LIMIT_BYTES
    return memory // _COPIES_IN_TRAINING if memory > 0 else _FALLBACK_LIMIT_BYTES


class MemoryBudget:
    """The bytes of weights that are left to the layers still to be built."""

    def __init__(self, limit_bytes: int | None = None) -> None:
        self._limit = weight_limit_bytes() if limit_bytes is None else limit_bytes
        self._used = 0

    def check(self, layer: Layer, kind: type[nn.Module], *, arguments: Mapping[str, Any]) -> None:
        """Call before a layer is built.

        Raises:
            ModelError: With it the weights would go over the limit.
        """
        if self._used + _BYTES_A_WEIGHT * _bound(kind, arguments) <= self._limit:
            return
        needed = _BYTES_A_WEIGHT * _count_weights(kind, arguments)
        if self._used + needed > self._limit:
            message = f"{layer.type} {layer.name!r} needs {_show(needed)} of weights"
            before = f" beside the {_show(self._used)} before it" if self._used else ""
            allowed = f"{_show(self._limit)} for all layers together"
            raise ModelError([Problem(layer.path, message + before, allowed=allowed, hint="make it narrower")])

    def spend(self, module: nn.Module) -> None:
        """Call after a layer is built."""
        self._used += sum(parameter.numel() * parameter.element_size() for parameter in module.parameters())


def _bound(kind: type[nn.Module], arguments: Mapping[str, Any]) -> float:
    """A number of weights that no module with these arguments goes over; the true one takes longer to find."""
    defaults = (parameter.default for parameter in inspect.signature(kind.__init__).parameters.values())
    sizes = [float(abs(size)) for value in (*arguments.values(), *defaults) for size in _whole_numbers(value) if size]
    # The square of the largest, as a kernel of one number may stand for three; 16 for two directions of four gates.
    return 16 * max(sizes, default=0.0) ** 2 * math.prod(sizes)


def _whole_numbers(value: Any) -> tuple[int, ...]:
    if isinstance(value, bool):
        return ()
    if isinstance(value, int):
        return (value,)
    return tuple(size for item in value for size in _whole_numbers(item)) if isinstance(value, tuple) else ()


def _count_weights(kind: type[nn.Module], arguments: Mapping[str, Any]) -> int:
    """Weights of the module, counted on one without memory behind it."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in kind(**arguments).parameters())


def _show(size_bytes: int) -> str:
    return f"{size_bytes / _GIB:.3g} GiB"
