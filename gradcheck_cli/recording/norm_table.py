"""Keeps norms of many steps within a fixed amount of memory; it computes none.

When the table is full, every four kept steps become two: the first of them, and of the others the one with the
largest total norm. Old steps thus grow sparse, recent ones stay dense, and the run's extremes and its first
non-finite step are never lost.
"""

from __future__ import annotations

import numpy as np

from gradcheck_cli.recording.history import Bools, Floats, Ints, Signal

BYTES_PER_VALUE = 9
_GROUP = 4


class NormTable:
    """Steps x rows of norms, with what is known of them."""

    def __init__(self, rows: tuple[str, ...], *, planned_steps: int, most_bytes: int) -> None:
        """Args:
        rows: Their names.
        planned_steps: No room is taken for more.
        most_bytes: What values and known flags may take.
        """
        affordable = most_bytes // (BYTES_PER_VALUE * max(len(rows), 1))
        capacity = max(min(planned_steps, affordable), 2 * _GROUP)
        self._rows = rows
        self._steps = np.empty(capacity, dtype=np.int64)
        self._values = np.empty((capacity, len(rows)))
        self._known = np.empty((capacity, len(rows)), dtype=np.bool_)
        self._size = 0

    def put(self, steps: Ints, values: Floats, *, known: Bools) -> None:
        """Append steps `[S]` with values and flags `[S, L]`; a step that is already there is left alone."""
        if not len(steps):
            return
        last = self._steps[self._size - 1] if self._size else -1
        start = int(np.searchsorted(steps, last, side="right"))
        while start < len(steps):
            if self._size == len(self._steps):
                self._thin()
            count = min(len(self._steps) - self._size, len(steps) - start)
            place, source = slice(self._size, self._size + count), slice(start, start + count)
            self._steps[place], self._values[place], self._known[place] = steps[source], values[source], known[source]
            self._size += count
            start += count

    @property
    def last(self) -> dict[str, float]:
        """The known values of the last step."""
        if not self._size:
            return {}
        row, known = self._values[self._size - 1], self._known[self._size - 1]
        return {name: float(value) for name, value, is_known in zip(self._rows, row, known, strict=True) if is_known}

    def finish(self) -> Signal:
        """The table as a signal."""
        size = self._size
        return Signal(
            self._rows,
            self._steps[:size].copy(),
            np.ascontiguousarray(self._values[:size].T),
            np.ascontiguousarray(self._known[:size].T),
        )

    def _thin(self) -> None:
        kept = self._telling_steps()
        for array in (self._steps, self._values, self._known):
            array[: len(kept)] = array[kept]
        self._size = len(kept)

    def _telling_steps(self) -> Ints:
        size = self._size
        with np.errstate(over="ignore", invalid="ignore"):
            totals = np.square(np.where(self._known[:size], self._values[:size], 0.0)).sum(axis=1)
        totals[np.isnan(totals)] = np.inf
        kept: list[int] = []
        for first in range(0, size, _GROUP):
            others = totals[first + 1 : min(first + _GROUP, size)]
            kept.append(first)
            if len(others):
                kept.append(first + 1 + int(np.argmax(others)))
        return np.array(kept, dtype=np.int64)
