"""Turns per-sample norms of layer outputs and their gradients into the signals of design 3; it measures nothing.

Several calls of one layer count as further samples of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        rows: `N`.
        variation: Of the output's distance to the batch mean; None for a batch of one row.
        magnitude: Of the output; None where it has no rows of floating-point numbers.
        gradient: Of the loss's gradient with respect to one sample's output; None where none arrived.
        copies: How many processes measure the same rows.
    """

    layer: int
    rows: int
    variation: Floats | None
    magnitude: Floats | None
    gradient: Floats | None
    copies: int = 1

    @property
    def sensitivity(self) -> Floats | None:
        """By how much the loss of each sample hangs on what tells its output from the mean output."""
        if self.variation is None or self.gradient is None:
            return None
        with np.errstate(invalid="ignore"):
            product: Floats = self.variation * self.gradient
        return product


def summarize_samples(
    calls: Sequence[SampleNorms], *, layers: int, total: Callable[[Floats], Floats] | None = None
) -> dict[Quantity, Column]:
    """The root mean square over samples of each signal, for each of `layers` layers.

    The sensitivity of one sample is the product of its variation and its gradient. fp64 holds the squares of fp32
    norms, and of their products, whatever their size.

    Args:
        total: Sums over the processes that share the rows; None where this one has them all.
    """
    sums, counts = np.zeros((layers, 4)), np.zeros((layers, 4))
    for call in calls:
        for kind, values in enumerate((call.variation, call.magnitude, call.gradient, call.sensitivity)):
            if values is not None:
                sums[call.layer, kind] += np.dot(values, values) / call.copies
                counts[call.layer, kind] += call.rows / call.copies
    if total is not None:
        sums, counts = total(np.stack([sums, counts]))
    values = np.full((layers, 4), np.nan)
    np.sqrt(np.divide(sums, counts, out=values, where=counts > 0), out=values)
    forward, magnitude, backward, sensitivity = (
        Column(value, count > 0) for value, count in zip(values.T.copy(), counts.T, strict=True)
    )
    return {
        Quantity.BACKWARD_SIGNAL: backward,
        Quantity.FORWARD_SIGNAL: forward,
        Quantity.FORWARD_RELATIVE: divide(forward, magnitude),
        Quantity.SENSITIVITY: sensitivity,
    }


def divide(numerator: Column, denominator: Column) -> Column:
    """The ratio, not known where either is not or where the denominator is 0."""
    known = numerator.known & denominator.known & (denominator.values != 0)
    values = np.full(len(known), np.nan)
    with np.errstate(invalid="ignore"):
        np.divide(numerator.values, denominator.values, out=values, where=known)
    return Column(values, known)
