"""Keeps the few numbers that are wanted of every optimizer step (33 bytes each); it computes none of them."""

from __future__ import annotations

import numpy as np

from gradcheck_cli.recording.history import Bools, Floats, Ints, StepSeries

_FIRST_CAPACITY = 1024


class StepLog:
    """One row a step, written by step number: writing a step twice is harmless."""

    def __init__(self) -> None:
        self._numbers = np.empty((_FIRST_CAPACITY, 4))
        self._skipped = np.empty(_FIRST_CAPACITY, dtype=np.bool_)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, steps: Ints, numbers: Floats, *, skipped: Bools) -> None:
        """Write successive steps `[S]`.

        Args:
            steps: From 0, ascending, without a gap to those already there.
            numbers: `[S, 4]`: loss, learning rate, gradient norm, clip factor.
            skipped: `[S]`.
        """
        end = int(steps[-1]) + 1
        while end > len(self._numbers):
            self._numbers = np.concatenate([self._numbers, np.empty_like(self._numbers)])
            self._skipped = np.concatenate([self._skipped, np.empty_like(self._skipped)])
        self._numbers[steps], self._skipped[steps] = numbers, skipped
        self._size = max(self._size, end)

    def finish(self) -> StepSeries:
        """All steps so far."""
        loss, learning_rate, gradient_norm, clip_factor = self._numbers[: self._size].T.copy()
        return StepSeries(loss, learning_rate, gradient_norm, clip_factor, self._skipped[: self._size].copy())

    def mean_loss(self, start: int) -> float:
        """Mean loss of the steps from `start` on; NaN where there are none."""
        losses = self._numbers[start : self._size, 0]
        return float(losses.mean()) if len(losses) else float("nan")

    @property
    def last(self) -> tuple[float, float]:
        """Loss and gradient norm of the last step; NaN before the first."""
        if not self._size:
            return float("nan"), float("nan")
        row = self._numbers[self._size - 1]
        return float(row[0]), float(row[2])
