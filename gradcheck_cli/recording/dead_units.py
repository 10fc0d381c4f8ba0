"""Finds units whose activation has slope 0 on every row of the evaluation slice; it runs no forward pass itself.

Ordinary sparsity is not death: a unit counts only when no row at all moves it, at two successive evaluations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from gradcheck_cli.recording.activations import absolute_slopes
from gradcheck_cli.recording.layer_signals import Column

FIRST_ROWS = 64


class DeadUnits:
    """Watches activations during evaluations of the slice.

    Units are the features of the last axis, or the channels (axis 1) over all positions after convolutions.
    """

    def __init__(self, activations: Mapping[str, nn.Module], *, channels_first: Mapping[str, bool]) -> None:
        """Args:
        activations: The elementwise activations in forward order, by name.
        channels_first: For each, whether three axes mean `[N, C, T]` (after a convolution) or `[N, T, D]`.
        """
        self._activations = activations
        self._channels_first = tuple(channels_first[name] for name in activations)
        self._calls: list[int] = [0] * len(activations)
        self.rows = 0
        """Rows seen by `see_slopes` since the last `finish`."""
        self._now: dict[tuple[int, int], Tensor] = {}
        self._before: dict[tuple[int, int], Tensor] | None = None

    @contextmanager
    def observe(self) -> Iterator[None]:
        """Watch one evaluation; `begin_batch` announces each of its batches."""
        handles = []
        try:
            for index, activation in enumerate(self._activations.values()):
                hook = partial(self._before_activation, index, self._channels_first[index])
                handles.append(activation.register_forward_pre_hook(hook))
            self._now = {}
            yield
        finally:
            for handle in handles:
                handle.remove()

    def begin_batch(self) -> None:
        """The calls that follow see other rows, not other units."""
        self._calls = [0] * len(self._activations)

    def see_slopes(self, index: int, slopes: Tensor) -> None:
        """Watch a training batch instead of an evaluation: |f'| of one call of one activation, rows first."""
        slopes = slopes.unsqueeze(1) if slopes.dim() == 1 else slopes
        axis = _unit_axis(slopes, self._channels_first[index])
        dead = _are_all_zero(slopes, axis)
        key = (index, self._calls[index])
        self._calls[index] += 1
        known = self._now.get(key)
        if known is None or known.shape == dead.shape:
            self._now[key] = dead if known is None else known & dead
        self.rows += len(slopes) if key == (0, 0) else 0

    def finish(self) -> Column:
        """Share of units dead at this evaluation and the one before, `[L]`; not known at the first evaluation."""
        column = Column.unknown(len(self._activations))
        self.rows = 0
        before, self._before, self._now = self._before, self._now, {}
        for index in range(len(self._activations)):
            keys = [key for key in self._before if key[0] == index]
            if before is not None and keys and all(key in before for key in keys):
                dead = torch.cat([_both(self._before[key], before[key]) for key in keys])
                column.values[index], column.known[index] = float(dead.float().mean()), True
        return column

    def _before_activation(self, index: int, channels_first: bool, module: nn.Module, inputs: tuple[Tensor]) -> None:
        x = inputs[0].detach()
        if x.dim() == 1:
            x = x.unsqueeze(1)
        axis = _unit_axis(x, channels_first)
        key = (index, self._calls[index])
        self._calls[index] += 1
        dead = self._now.get(key)
        for rows in (x[:FIRST_ROWS], x[FIRST_ROWS:]):
            dead = _still_dead(module, rows, axis=axis, dead=dead)
        if dead is not None:
            self._now[key] = dead


def _both(first: Tensor, second: Tensor) -> Tensor:
    """Dead at both; where the number of units changed, none can be known to be."""
    return first & second if first.shape == second.shape else torch.zeros_like(first)


def _unit_axis(x: Tensor, channels_first: bool) -> int:
    return 1 if x.dim() > 3 or (x.dim() == 3 and channels_first) else x.dim() - 1


def _still_dead(module: nn.Module, x: Tensor, *, axis: int, dead: Tensor | None) -> Tensor | None:
    """Which units `[D]` are dead on these rows and were on those before.

    Most units are seen alive on the first rows, so that later rows are looked at for the rest alone. An activation
    with weights of its own needs all of its channels.
    """
    if not len(x) or (dead is not None and not bool(dead.any())):
        return dead
    if dead is None or next(module.parameters(), None) is not None:
        found = _are_all_zero(absolute_slopes(module, x), axis)
        return found if dead is None else dead & found
    still = dead.clone()
    still[dead] = _are_all_zero(absolute_slopes(module, x[(slice(None),) * axis + (dead,)]), axis)
    return still


def _are_all_zero(slopes: Tensor, axis: int) -> Tensor:
    """For each unit `[D]` on an axis whether all of its slopes are 0; they are not negative, and NaN is not 0."""
    others = [other for other in range(slopes.dim()) if other != axis]
    return slopes.amax(dim=others) == 0 if others else slopes == 0
