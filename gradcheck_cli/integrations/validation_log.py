"""Keeps what a foreign loop tells of its validations, in the form that rules read; it evaluates nothing."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from torch import Tensor

from gradcheck_cli.errors import Problem, UsageError
from gradcheck_cli.recording.history import EpochSeries, Floats, ValidationLosses
from gradcheck_cli.recording.statistics import to_numpy
from gradcheck_cli.recording.validation_windows import ValidationWindows

MOST_ROWS = 4096
_SEED = 0


class ValidationLog:
    """One entry a validation; their rows must be the same ones in the same order each time."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, ...]] = []
        self._windows: ValidationWindows | None = None
        self._second_half = np.empty(0, dtype=np.bool_)
        self._sample = np.empty(0, dtype=np.int64)
        self._began = time.perf_counter()
        self.rows: int | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self, losses: Any, metric: float | None, *, step: int, train_loss: float, planned_steps: int | None
    ) -> None:
        """Take one validation.

        Args:
            losses: `[N]`, one for each row, or their mean alone.
            metric: Larger is better; None where there is none.
            step: Optimizer steps done.
            train_loss: Mean training loss since the last validation.
            planned_steps: Of the whole run.

        Raises:
            UsageError: `losses` have more than one axis, or are of other rows than before.
        """
        values = _read(losses)
        halves = (math.nan, math.nan)
        if values.ndim:
            self._prepare(values, planned=self._count_planned(step, planned_steps))
            halves = _mean(values[~self._second_half]), _mean(values[self._second_half])
        if self._windows is not None and values.ndim:
            self._windows.add(values[self._sample])
        seconds = time.perf_counter() - self._began
        known = math.nan if metric is None else float(metric)
        self._entries.append((step, train_loss, float(values.mean()), known, *halves, seconds))

    def finish(self) -> tuple[EpochSeries, ValidationLosses | None]:
        """Everything so far. What only an evaluation of training rows could tell is NaN."""
        columns = np.array(self._entries, dtype=np.float64).reshape(-1, 7).T
        unknown = np.full(len(self._entries), np.nan)
        series = EpochSeries(
            step=columns[0].astype(np.int64),
            train_loss=columns[1],
            slice_loss=unknown,
            slice_metric=unknown.copy(),
            validation_loss=columns[2],
            validation_metric=columns[3],
            validation_halves=np.ascontiguousarray(columns[4:6].T),
            seconds=columns[6],
        )
        return series, self._windows.finish() if self._windows is not None else None

    @property
    def seconds(self) -> float:
        """Since the recording began."""
        return time.perf_counter() - self._began

    @property
    def last_step(self) -> int:
        """Steps done by the last validation; 0 before the first."""
        return int(self._entries[-1][0]) if self._entries else 0

    def _count_planned(self, step: int, planned_steps: int | None) -> int:
        return math.ceil((planned_steps or step) / max(step, 1))

    def _prepare(self, values: Floats, *, planned: int) -> None:
        if self._windows is None:
            random = np.random.default_rng(_SEED)
            self.rows = len(values)
            self._second_half = random.permutation(len(values)) % 2 == 1
            self._sample = np.sort(random.permutation(len(values))[:MOST_ROWS])
            self._windows = ValidationWindows(self._second_half[self._sample], planned_epochs=planned)
        elif len(values) != self.rows:
            message = f"validation losses of {len(values)} rows after {self.rows} rows"
            raise UsageError([Problem("losses", message, allowed="the same rows in the same order each time")])


def _read(losses: Any) -> Floats:
    values = to_numpy(losses) if isinstance(losses, Tensor) else np.asarray(losses, dtype=np.float64)
    if values.ndim > 1 or not values.size:
        message = f"validation losses of shape {tuple(values.shape)}"
        hint = "reduce each row to one number, such as by losses.flatten(1).mean(1)"
        raise UsageError([Problem("losses", message, allowed="one for each row [N], or their mean", hint=hint)])
    return values


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else math.nan
