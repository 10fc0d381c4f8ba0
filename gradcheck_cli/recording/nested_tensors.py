"""Finds the tensors in nested outputs of layers, and the axis on which they have their rows; it measures nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch import Tensor, nn


def find_row_tensors(output: Any) -> Iterable[Tensor]:
    """Those of `find_tensors` that have rows."""
    if isinstance(output, Tensor):
        # By far the most frequent, and met on steps whose cost is counted.
        return (output,) if output.is_floating_point() and output.dim() else ()
    return (tensor for tensor in find_tensors(output) if tensor.dim())


def find_tensors(output: Any) -> Iterator[Tensor]:
    """The floating-point tensors in a nested output."""
    return (tensor for tensor in list_tensors(output) if tensor.is_floating_point())


def list_tensors(nested: Any) -> Iterator[Tensor]:
    """All tensors in what a layer takes or gives, in order: in tuples, lists, mappings and dataclasses."""
    if isinstance(nested, Tensor):
        yield nested
    elif isinstance(nested, Mapping):
        for value in nested.values():
            yield from list_tensors(value)
    elif isinstance(nested, list | tuple):
        for value in nested:
            yield from list_tensors(value)
    elif dataclasses.is_dataclass(nested) and not isinstance(nested, type):
        for field in dataclasses.fields(nested):
            yield from list_tensors(getattr(nested, field.name))


def find_row_axis(module: nn.Module, tensor: Tensor, position: int) -> int:
    """The axis of the rows: 0, but 1 in outputs with time first, and in the last states of recurrent layers.

    Args:
        tensor: One of the module's outputs.
        position: Which of them, from 0.
    """
    if tensor.dim() < 3:
        return 0
    if isinstance(module, nn.RNNBase) and position:
        return 1
    return 1 if getattr(module, "batch_first", True) is False else 0


def put_rows_first(tensor: Tensor, rows: int, *, axis: int) -> Tensor | None:
    """The tensor with its rows on the first axis: from `axis`, or from the first two where the length fits.

    None where no axis has so many rows.
    """
    for candidate in (axis, 0, 1):
        if tensor.dim() > candidate and tensor.shape[candidate] == rows:
            return tensor.transpose(0, candidate) if candidate else tensor
    return None
