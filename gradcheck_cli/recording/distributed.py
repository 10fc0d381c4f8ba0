"""Makes whole numbers of which several processes hold a part each; it starts no process and moves no weight.

Two kinds of parts: rows of a batch (`Ranks`, under DDP and FSDP), and pieces of a tensor (`Shards`, under FSDP2 and
other `DTensor`s). Each call is made by all processes of the group, in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from gradcheck_cli.recording.history import Floats
from gradcheck_cli.recording.statistics import row_norms, to_numpy


@dataclass(eq=False)
class Ranks:
    """The processes that share the rows of each batch.

    Attributes:
        rank: Of this process.
        size: How many there are.
        device: On which their numbers are exchanged.
        group: torch's process group; None for the one of all processes.
        copies: How many processes hold the same rows of the batch at hand: 1 unless it has fewer rows than there are
            processes. Set it before the forward pass.
    """

    rank: int
    size: int
    device: torch.device
    group: Any = None
    copies: int = 1

    def total(self, values: Floats) -> Floats:
        """The sum over all processes, element by element, in fp64 and by one exchange."""
        return _sum(values, device=self.device, group=self.group)

    def varying_row_norms(self, rows: Tensor) -> Tensor | None:
        """The norm of each row's distance to the mean row of all processes: `[n, ...] -> [n]`; None for a single row.

        As in `statistics.varying_row_norms` a row is subtracted first, the same in all processes: equal rows give 0.
        """
        values = rows if rows.dtype in (torch.float32, torch.float64) else rows.float()
        first = values[0].contiguous().clone()
        dist.broadcast(first, src=self._first_rank, group=self.group)
        shifted = values - first
        sums = torch.cat([shifted.sum(dim=0).flatten(), shifted.new_tensor([len(shifted)])])
        dist.all_reduce(sums, group=self.group)
        count = sums[-1]
        if int(count) < 2 * self.copies:
            return None
        return row_norms(shifted.sub_((sums[:-1] / count).view_as(first)))

    def rows_of(self, rows: int) -> int:
        """How many of the first `rows` rows of a batch this process has, where each takes every `size`-th row."""
        return max(-(-(rows - self.rank) // self.size), 1)

    @property
    def _first_rank(self) -> int:
        return 0 if self.group is None else dist.get_global_rank(self.group, 0)


class Shards:
    """Which of some tensors are held in pieces, and by whom; false where all are whole."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._groups: dict[tuple[Any, int], list[int]] = {}
        for column, tensor in enumerate(tensors):
            if is_sharded(tensor):
                mesh = tensor.device_mesh  # type: ignore[attr-defined]
                for dim, placement in enumerate(tensor.placements):  # type: ignore[attr-defined]
                    if placement.is_shard():
                        self._groups.setdefault((mesh, dim), []).append(column)

    def __bool__(self) -> bool:
        return bool(self._groups)

    def whole(self, norms: Floats) -> Floats:
        """L2 norms of the whole tensors `[..., P]` from those of this process's pieces: one exchange a shard group."""
        if not self._groups:
            return norms
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.square(norms)
            for (mesh, dim), columns in self._groups.items():
                device = torch.device(mesh.device_type)
                squares[..., columns] = _sum(squares[..., columns], device=device, group=mesh.get_group(dim))
            changed = sorted({column for columns in self._groups.values() for column in columns})
            found: Floats = norms.copy()
            found[..., changed] = np.sqrt(squares[..., changed])
        return found


def is_sharded(tensor: Tensor) -> bool:
    """Whether it is a `DTensor`; their module is not imported for the question."""
    return hasattr(tensor, "device_mesh")


def piece_of(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor: all of it, or of a `DTensor` the local piece, sharing its memory."""
    if not is_sharded(tensor):
        return tensor
    piece: Tensor = tensor.to_local()  # type: ignore[attr-defined]
    return piece


def bytes_of_piece(tensor: Tensor) -> int:
    """The size of a process's piece: that of the whole over the number of pieces, the same in all processes."""
    if not is_sharded(tensor):
        return tensor.nbytes
    placements, mesh = tensor.placements, tensor.device_mesh  # type: ignore[attr-defined]
    pieces: int = math.prod(mesh.size(dim) for dim, placement in enumerate(placements) if placement.is_shard())
    return (tensor.nbytes + pieces - 1) // pieces


def pieces_of(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    """The local pieces of weights, outside any graph."""
    return [piece_of(parameter.detach()) for parameter in parameters]


def _sum(values: Floats, *, device: torch.device, group: Any) -> Floats:
    numbers = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64)).to(device)
    dist.all_reduce(numbers, group=group)
    return to_numpy(numbers).reshape(values.shape)
