"""Gradient norms of all parameters, each step, without waiting for the device; it keeps no history.

A norm is taken in fp32, all tensors at once. On checked steps those that are 0, tiny or infinite are taken again in
fp64, and a tensor whose squares are out of range for fp32 is taken in fp64 at each step from then on. A 0 that turns
up between checked steps is not believed (it is unknown) until a check, at the next step, has confirmed it; a tensor
confirmed to be 0 is not checked again until the next sampled step: dead layers are zero for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import is_ as _is

import numpy as np
import torch
from torch import Tensor, nn

from gradcheck_cli.recording.distributed import Shards, piece_of
from gradcheck_cli.recording.history import Bools, Floats, Ints
from gradcheck_cli.recording.statistics import HALF_TYPES, TINY_NORM, all_norms, is_doubtful, precise_norm, to_numpy

_SAFE_LOW, _SAFE_HIGH = 1e-17, 1e17


@dataclass(frozen=True, eq=False)
class TakenNorms:
    """The norms of one step, still on the device.

    Attributes:
        columns: Which parameters had a gradient; steps with the same ones share the array.
        norms: 0-d tensors, one for each of those.
        checked: Whether doubtful ones were taken again in fp64.
    """

    columns: Ints
    norms: list[Tensor]
    checked: bool

    def divide(self, scale: Tensor | float) -> TakenNorms:
        """The norms of the gradients that these are a multiple of."""
        if isinstance(scale, float) and scale == 1.0:
            return self
        return replace(self, norms=[norm / scale for norm in self.norms])


class GradientNorms:
    """Takes the norms of the gradients of some parameters."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = list(parameters)
        self._precise: set[int] = set()
        self._confirmed: set[int] = set()
        self._check_next = False
        self._shards = Shards(self._parameters)
        self._seen: tuple[list[Tensor], list[int]] = [], []
        self._look_for_gradients()

    def take(self, *, check: bool, mark: bool = False) -> TakenNorms:
        """The norms of the gradients as they are now.

        Args:
            check: Take doubtful norms again in fp64, which waits for the device.
            mark: Remember the gradients as they are, so that `take_if_changed` can tell.
        """
        gradients = self._gradients()
        if mark:
            self._mark(gradients)
        norms = all_norms(gradients, dtype=self._dtype) if gradients else []
        check = check or self._check_next
        if check:
            self._check(gradients, norms)
        for position, column in enumerate(self._columns) if self._precise else ():
            if column in self._precise:
                norms[position] = precise_norm(gradients[position])
        return TakenNorms(self._columns, norms, check)

    def take_if_changed(self) -> TakenNorms | None:
        """The norms of the gradients where somebody has changed one since `mark`; None where nobody has.

        A change of a tensor's pieces cannot be seen: those are always measured again.
        """
        (known, versions), self._seen = self._seen, ([], [])
        gradients = [gradient for parameter in self._with_gradient if (gradient := parameter.grad) is not None]
        unchanged = [gradient._version for gradient in gradients] == versions and all(map(_is, gradients, known))
        if (unchanged and not self._shards) or not gradients:
            return None
        present = [parameter.grad is not None for parameter in self._with_gradient]
        columns = self._columns if all(present) else self._columns[present]
        return TakenNorms(columns, all_norms([_plain(gradient) for gradient in gradients], dtype=self._dtype), True)

    def _mark(self, gradients: list[Tensor]) -> None:
        if not self._is_plain:
            gradients = [gradient for one in self._with_gradient if (gradient := one.grad) is not None]
        self._seen = gradients, [gradient._version for gradient in gradients]

    def transfer(self, taken: Sequence[TakenNorms]) -> tuple[Floats, Bools]:
        """Values and known flags `[S, P]` of several steps."""
        values = self.collect(taken)
        known = np.zeros(values.shape, dtype=np.bool_)
        for row, one in enumerate(taken):
            known[row, one.columns] = True
        return self._doubt(values, known, np.array([one.checked for one in taken], dtype=np.bool_))

    def collect(self, taken: Sequence[TakenNorms]) -> Floats:
        """Norms `[S, P]` of several steps, NaN without a gradient; a transfer per set of parameters with gradients.

        Norms of tensors that several processes hold in pieces are made whole here, for all steps at once.
        """
        values = np.full((len(taken), len(self._parameters)), np.nan)
        start = 0
        while start < len(taken):
            stop = start + 1
            while stop < len(taken) and taken[stop].columns is taken[start].columns:
                stop += 1
            columns = taken[start].columns
            if len(columns):
                flat = to_numpy(torch.stack([norm for one in taken[start:stop] for norm in one.norms]))
                values[start:stop, columns] = flat.reshape(stop - start, len(columns))
            start = stop
        return self._shards.whole(values)

    def _doubt(self, values: Floats, known: Bools, checked: Bools) -> tuple[Floats, Bools]:
        """Make unknown what may have underflowed and was not checked."""
        doubtful = known & (values < TINY_NORM) & ~checked[:, None]
        if doubtful.any():
            doubtful[:, sorted(self._confirmed | self._precise)] = False
            self._check_next = bool(doubtful.any())
            values[doubtful] = np.nan
        return values, known & ~doubtful

    def _gradients(self) -> list[Tensor]:
        gradients = [parameter.grad for parameter in self._with_gradient if parameter.grad is not None]
        if len(gradients) < len(self._with_gradient) or any(one.grad is not None for one in self._without_gradient):
            self._look_for_gradients()
            gradients = [parameter.grad for parameter in self._with_gradient if parameter.grad is not None]
        return gradients if self._is_plain else [_plain(gradient) for gradient in gradients]

    def _look_for_gradients(self) -> None:
        present = [parameter.grad is not None for parameter in self._parameters]
        self._columns = np.flatnonzero(present)
        self._with_gradient = [self._parameters[column] for column in self._columns]
        self._without_gradient = [one for one, has in zip(self._parameters, present, strict=True) if not has]
        gradients = [parameter.grad for parameter in self._with_gradient]
        half = any(gradient is not None and gradient.dtype in HALF_TYPES for gradient in gradients)
        self._dtype = torch.float32 if half else None
        is_sparse = any(gradient is not None and gradient.is_sparse for gradient in gradients)
        self._is_plain = not is_sparse and not self._shards

    def _check(self, gradients: Sequence[Tensor], norms: list[Tensor]) -> None:
        self._check_next = False
        self._precise.clear()
        self._confirmed.clear()
        values = to_numpy(torch.stack(norms)) if norms else np.empty(0)
        for position in is_doubtful(values).nonzero()[0].tolist():
            column = int(self._columns[position])
            norms[position] = precise_norm(gradients[position])
            precise = float(norms[position])
            in_doubt_again = 0 < precise < _SAFE_LOW or _SAFE_HIGH < precise < np.inf
            (self._precise if in_doubt_again else self._confirmed).add(column)


def _plain(gradient: Tensor) -> Tensor:
    return gradient.coalesce().values() if gradient.is_sparse else piece_of(gradient)
