"""Keeps the per-sample validation losses of a few telling windows of epochs; it neither evaluates nor judges."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from gradcheck_cli.recording.history import Bools, Floats, ValidationLosses

SMALLEST_WINDOW = 3
WINDOW_SHARE = 0.1
MOST_THINNED_EPOCHS = 16


@dataclass
class _Best:
    """The best window so far, as one half of the rows sees it."""

    mean: float
    epoch: int
    losses: Floats


class ValidationWindows:
    """Ring buffer of the last epochs' per-sample losses, with the best windows and a few epochs set aside.

    A window is chosen by one half of the rows and may then be tested on the other, which had no say in the choice.
    A window with a non-finite mean is never the best one, unless there is no other.
    """

    def __init__(self, second_half: Bools, *, planned_epochs: int) -> None:
        """Args:
        second_half: `[N]`: which of the two fixed halves a row belongs to.
        planned_epochs: Epochs of the whole run; a window is the larger of 3 and a tenth of them.
        """
        self._second_half = second_half
        self._window = max(SMALLEST_WINDOW, math.ceil(WINDOW_SHARE * planned_epochs))
        self._recent: deque[Floats] = deque(maxlen=self._window)
        self._recent_halves: deque[tuple[float, float]] = deque(maxlen=self._window)
        self._best: list[_Best | None] = [None, None]
        self._epochs = 0
        self._stride = 1
        self._thinned: list[tuple[int, Floats]] = []

    def add(self, losses: Floats) -> None:
        """Take the losses `[N]` of the next epoch."""
        self._recent.append(losses)
        self._recent_halves.append((_mean(losses[~self._second_half]), _mean(losses[self._second_half])))
        self._thin(losses)
        self._epochs += 1
        if len(self._recent) == self._window:
            self._compare()

    def finish(self) -> ValidationLosses | None:
        """What is known by now; None before the first epoch."""
        if not self._epochs:
            return None
        last = self._window_mean()
        found = [best or _Best(math.nan, self._epochs - 1, last) for best in self._best]
        return ValidationLosses(
            window=len(self._recent),
            second_half=self._second_half,
            best=np.stack([best.losses for best in found]),
            best_epoch=np.array([best.epoch for best in found], dtype=np.int64),
            last=last,
            thinned_epochs=np.array([epoch for epoch, _ in self._thinned], dtype=np.int64),
            thinned=np.stack([losses for _, losses in self._thinned]),
        )

    def _compare(self) -> None:
        for half, best in enumerate(self._best):
            mean = math.fsum(means[half] for means in self._recent_halves) / self._window
            if math.isfinite(mean) and (best is None or mean < best.mean):
                self._best[half] = _Best(mean, self._epochs - 1, self._window_mean())

    def _window_mean(self) -> Floats:
        mean: Floats = np.mean(np.stack(self._recent), axis=0)
        return mean

    def _thin(self, losses: Floats) -> None:
        """Keep each `stride`-th epoch; when they become too many, double the stride."""
        if self._epochs % self._stride:
            return
        if len(self._thinned) == MOST_THINNED_EPOCHS:
            self._stride *= 2
            self._thinned = self._thinned[::2]
        if self._epochs % self._stride == 0:
            self._thinned.append((self._epochs, losses))


def _mean(losses: Floats) -> float:
    return float(losses.mean()) if len(losses) else math.nan
