"""Collects the columns of sampled steps into signals; it measures nothing.

Where a plan chooses the sampled steps they are few however long the run. Where none does, every second one is dropped
whenever they become too many.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradcheck_cli.recording.history import Floats, Quantity, Signal
from gradcheck_cli.recording.layer_signals import Column

MOST_COLUMNS = 512
"""More than any plan asks for."""


class SignalTable:
    """Columns by quantity, in the order in which they were taken."""

    def __init__(self, rows: Mapping[Quantity, tuple[str, ...]]) -> None:
        self._rows = rows
        self._columns: dict[Quantity, dict[int, Column]] = {quantity: {} for quantity in rows}

    def put(self, step: int, columns: Mapping[Quantity, Column]) -> None:
        """Keep what was measured at one step."""
        for quantity, column in columns.items():
            kept = self._columns[quantity]
            kept[step] = column
            if len(kept) > MOST_COLUMNS:
                self._columns[quantity] = {step: kept[step] for step in list(kept)[::2]}

    def recent(self, quantity: Quantity, count: int) -> Mapping[str, Floats]:
        """The last values of each row, `[<=count]` of them, NaN where unknown; no rows where nothing was taken."""
        columns = list(self._columns.get(quantity, {}).values())[-count:]
        if not columns:
            return {}
        values = np.stack([np.where(column.known, column.values, np.nan) for column in columns], axis=1)
        return dict(zip(self._rows[quantity], values, strict=True))

    def finish(self) -> dict[Quantity, Signal]:
        """A signal for each quantity that has rows and was taken at all."""
        return {
            quantity: Signal(
                rows=self._rows[quantity],
                steps=np.array(list(columns), dtype=np.int64),
                values=np.stack([column.values for column in columns.values()], axis=1),
                known=np.stack([column.known for column in columns.values()], axis=1),
            )
            for quantity, columns in self._columns.items()
            if columns and self._rows[quantity]
        }
