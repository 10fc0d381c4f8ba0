"""Keeps what recent steps left on the device until it is transferred at once; it keeps no history and judges nothing.

Its lists grow by one whole entry at a time, so that an interrupt between two lines leaves nothing half written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gradcheck_cli.recording.gradient_norms import GradientNorms, TakenNorms
from gradcheck_cli.recording.history import Bools, Floats, Ints
from gradcheck_cli.recording.statistics import to_numpy, total_norms

SAME_NORM = 1e-6
"""Two norms that differ by a smaller share are of the same gradients."""

PendingStep = tuple[Tensor | float | None, Tensor | float]
"""Loss, None where it is not known, and learning rate."""


@dataclass(eq=False, slots=True)
class Look:
    """The gradients of one step, as far as they were looked at.

    Attributes:
        clip_factor: What clipping multiplied them by, where it was told.
        scale: What they were multiplied by when their norms were taken.
        clipped: Norms of the gradients after clipping, unscaled; they go over `clip_factor`.
    """

    step: int
    norms: TakenNorms
    clip_factor: Tensor | float = 1.0
    scale: Tensor | float = 1.0
    clipped: TakenNorms | None = None


@dataclass(frozen=True, eq=False)
class ReadSteps:
    """Successive steps `[S]` on the host.

    Attributes:
        numbers: `[S, 4]`: loss, learning rate, gradient norm over all parameters, clip factor; NaN where unknown.
        looked_at: Those whose gradients were looked at, `[S]`.
        norms: Of those, by parameter, `[looked at, P]`.
        known: Which of these are known.
        losses_known: `[S]`.
        skipped: Steps that a GradScaler left out, `[S]`.
    """

    steps: Ints
    numbers: Floats
    looked_at: Bools
    norms: Floats
    known: Bools
    losses_known: Bools
    skipped: Bools


class PendingSteps:
    """Successive steps from `first` on, some of which were looked at.

    Attributes:
        keep: Appends a step.
    """

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self._steps: list[PendingStep] = []
        self._looks: list[Look] = []
        self.keep = self._steps.append

    def __len__(self) -> int:
        return len(self._steps)

    def add_look(self, look: Look) -> None:
        """Append what was seen of the step that will be kept next; of a step that was broken off, the last counts."""
        if self._looks and self._looks[-1].step == look.step:
            self._looks[-1] = look
        else:
            self._looks.append(look)

    @property
    def looks(self) -> int:
        """How many were looked at."""
        return len(self._looks)

    @property
    def last_look(self) -> Look | None:
        """The last one."""
        return self._looks[-1] if self._looks else None

    @property
    def end(self) -> int:
        """The step after the last one."""
        return self._first + len(self._steps)

    def read(self, gradients: GradientNorms, *, loss_is_scaled: bool) -> ReadSteps:
        """Transfer everything; nothing is dropped."""
        steps = np.arange(self._first, self.end, dtype=np.int64)
        # An interrupt may have come between a look and its step.
        looks = [look for look in self._looks if look.step < self.end]
        rows = np.array([look.step for look in looks], dtype=np.int64) - self._first
        norms, known = gradients.transfer([look.norms for look in looks])
        if loss_is_scaled:
            norms /= _collect([look.scale for look in looks])[:, None]
        losses, losses_known = _collect_known([loss for loss, _ in self._steps])
        totals, factors, looked_at = (
            np.full(len(steps), np.nan),
            np.full(len(steps), np.nan),
            np.zeros(len(steps), bool),
        )
        looked_at[rows] = True
        totals[rows] = total_norms(np.where(known, norms, 0.0))
        factors[rows] = _find_clip_factors(gradients, looks, totals[rows])
        rates = _collect([rate for _, rate in self._steps])
        skipped = looked_at & ~np.isfinite(totals) & loss_is_scaled
        numbers = np.stack([losses, rates, totals, factors], axis=1)
        return ReadSteps(steps, numbers, looked_at, norms, known, losses_known, skipped)


def _find_clip_factors(gradients: GradientNorms, looks: Sequence[Look], totals: Floats) -> Floats:
    """What the gradients of each step were multiplied by: their norm after over that before; 1 where that is 0."""
    factors = _collect([look.clip_factor for look in looks])
    rows, clipped = [], []
    for row, (look, total) in enumerate(zip(looks, totals, strict=True)):
        if look.clipped is not None and np.isfinite(total) and total > 0:
            rows.append(row)
            clipped.append(look.clipped)
    if rows:
        norms = gradients.collect(clipped)
        found = total_norms(np.where(np.isnan(norms), 0.0, norms)) / totals[rows]
        # The same gradients, measured once in fp64 and once in fp32.
        factors[rows] = np.where(np.abs(found - 1) < SAME_NORM, 1.0, found)
    return factors


def _collect(numbers: Sequence[Tensor | float]) -> Floats:
    """Numbers as float64, with one transfer for those that are still on the device."""
    tensors = [number for number in numbers if isinstance(number, Tensor)]
    if not tensors:
        return np.array(numbers, dtype=np.float64)
    if len(tensors) == len(numbers):
        return to_numpy(torch.stack([tensor.detach() for tensor in tensors]))
    return np.array([float(number) for number in numbers])


def _collect_known(numbers: Sequence[Tensor | float | None]) -> tuple[Floats, Bools]:
    """The same where some are not known: NaN there, and which are."""
    known = np.array([number is not None for number in numbers])
    if known.all():
        return _collect([number for number in numbers if number is not None]), known
    values = np.full(len(numbers), np.nan)
    values[known] = _collect([number for number in numbers if number is not None])
    return values, known
