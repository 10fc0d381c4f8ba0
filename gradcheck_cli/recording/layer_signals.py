"""Turns per-sample norms of layer outputs and their gradients into the signals of design 3; it measures nothing.

Several calls of one layer count as further samples of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck_cli.recording.history import Bools, Floats, Quantity


@dataclass(frozen=True, eq=False)
class Column:
    """One quantity of all rows at one step, `[L]`; NaN where not known, though a known value may be NaN too."""

    values: Floats
    known: Bools

    @classmethod
    def unknown(cls, rows: int) -> Column:
        """A column without any known value."""
        return cls(np.full(rows, np.nan), np.zeros(rows, dtype=np.bool_))


@dataclass(frozen=True, eq=False)
class SampleNorms:
    """Per-sample L2 norms at one call of one layer, each `[N]`.

    Attributes:
        layer: Its index.
        magnitude: Of the output; None where it has no rows of floating-point numbers.
        variation: Of the output's distance to the batch mean; None for a batch of one row.
        gradient: Of the loss's gradient with respect to one sample's output; None where none arrived.
    """

    layer: int
    magnitude: Floats | None
    variation: Floats | None
    gradient: Floats | None

    @property
    def sensitivity(self) -> Floats | None:
        """By how much the sample's loss hangs on what tells the sample's output from the mean output."""
        if self.variation is None or self.gradient is None:
            return None
        with np.errstate(invalid="ignore"):
            return self.variation * self.gradient


def summarize_samples(calls: Sequence[SampleNorms], *, layers: int) -> dict[Quantity, Column]:
    """The root mean square over samples of each signal, for each of `layers` layers."""
    parts: list[list[SampleNorms]] = [[] for _ in range(layers)]
    for call in calls:
        parts[call.layer].append(call)
    forward = _column([[call.variation for call in part] for part in parts])
    magnitude = _column([[call.magnitude for call in part] for part in parts])
    return {
        Quantity.BACKWARD_SIGNAL: _column([[call.gradient for call in part] for part in parts]),
        Quantity.FORWARD_SIGNAL: forward,
        Quantity.FORWARD_RELATIVE: divide(forward, magnitude),
        Quantity.SENSITIVITY: _column([[call.sensitivity for call in part] for part in parts]),
    }


def divide(numerator: Column, denominator: Column) -> Column:
    """The ratio, not known where either is not or where the denominator is 0."""
    known = numerator.known & denominator.known & (denominator.values != 0)
    values = np.full(len(known), np.nan)
    with np.errstate(invalid="ignore"):
        np.divide(numerator.values, denominator.values, out=values, where=known)
    return Column(values, known)


def _column(parts: Sequence[Sequence[Floats | None]]) -> Column:
    column = Column.unknown(len(parts))
    for row, arrays in enumerate(parts):
        present = [array for array in arrays if array is not None]
        if present:
            column.values[row] = root_mean_square(np.concatenate(present))
            column.known[row] = True
    return column


def root_mean_square(values: Floats) -> float:
    """The root mean square of `[N]` values, also where their squares leave the range of fp64."""
    largest = float(np.max(np.abs(values)))
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.sqrt(np.mean(np.square(values / largest))))
