"""Watches recorded steps for NaN and Inf and remembers where they began; it stops nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck_cli.recording.history import Bools, Ints, NonFinite
from gradcheck_cli.recording.pending_steps import ReadSteps


class FaultWatch:
    """The first non-finite step of a run, and how many of its last steps were non-finite in a row.

    Attributes:
        streak: Steps up to the last one observed whose loss or gradients were non-finite.
    """

    def __init__(self, owners: Sequence[str]) -> None:
        """Args:
        owners: The layer of each parameter, `[P]`.
        """
        self._owners = owners
        self._first: NonFinite | None = None
        self._streak_start: NonFinite | None = None
        self._outputs: tuple[int, tuple[str, ...]] | None = None
        self._seen = -1
        self.streak = 0

    def see_outputs(self, step: int, layers: tuple[str, ...]) -> None:
        """Layers whose outputs were non-finite at a sampled step, in forward order."""
        if layers and self._outputs is None:
            self._outputs = step, layers

    def see_parameters(self, step: int, columns: Ints) -> None:
        """Parameters found non-finite after a step."""
        if len(columns) and self._first is None:
            self._first = NonFinite(step, "parameter", self._layers(columns))

    def see_steps(self, read: ReadSteps) -> None:
        """Judge successive steps in order.

        A step that a GradScaler left out is no fault by itself: that is how it finds its scale.
        """
        losses = np.where(read.losses_known, read.numbers[:, 0], 0.0)
        bad_gradients = np.zeros((len(losses), read.norms.shape[1]), dtype=np.bool_)
        bad_gradients[read.looked_at] = read.known & ~np.isfinite(read.norms)
        bad = ~np.isfinite(losses) | bad_gradients.any(axis=1)
        if not bad.any():
            self._see_finite(int(read.steps[-1]))
            return
        for row, step in enumerate(read.steps):
            if step <= self._seen:
                continue
            if not bad[row]:
                self._see_finite(int(step))
                continue
            self._seen = int(step)
            self.streak += 1
            fault = self._describe(self._seen, float(losses[row]), bad_gradients[row])
            self._streak_start = self._streak_start or fault
            if self._first is None and not read.skipped[row]:
                self._first = fault

    def _see_finite(self, last_step: int) -> None:
        """Everything up to a step was finite, or has been seen."""
        if last_step > self._seen:
            self._seen, self.streak, self._streak_start = last_step, 0, None

    @property
    def is_broken(self) -> bool:
        """Whether anything has been non-finite for good so far, or is at the last step observed."""
        return self._first is not None or self.streak > 0

    def finish(self, *, parameters_finite: bool) -> NonFinite | None:
        """The first fault; None where everything was finite, skipped steps aside."""
        lasting = self.streak > 0 or not parameters_finite
        first = self._first or (self._streak_start if lasting else None)
        return None if first is None else replace(first, lasting=lasting)

    def _describe(self, step: int, loss: float, bad_gradients: Bools) -> NonFinite:
        if self._outputs is not None and self._outputs[0] == step:
            return NonFinite(step, "activation", self._outputs[1])
        quantity = "gradient" if np.isfinite(loss) else "loss"
        return NonFinite(step, quantity, self._layers(np.flatnonzero(bad_gradients)))

    def _layers(self, columns: Ints) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._owners[column] for column in columns))
