"""A run's course as one line of characters; it knows nothing of layers or gradients."""

from __future__ import annotations

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import Bools, Floats
from gradcheck_cli.reporters.symbols import Symbols


def find_range(values: Floats) -> tuple[float, float] | None:
    """The decades that hold all finite positive `values`, `(low, high)` as log10, at least one decade apart.

    None where there is no such value.
    """
    positive = values[np.isfinite(values) & (values > 0)]
    if not len(positive):
        return None
    low, high = float(np.log10(positive.min())), float(np.log10(positive.max()))
    missing = max(0.0, 1.0 - (high - low)) / 2
    return low - missing, high + missing


def draw_sparkline(
    values: Floats, known: Bools, *, width: int, span: tuple[float, float] | None, symbols: Symbols
) -> str:
    """Draw `values` `[S]` on a log scale as `width` characters, the largest value of each stretch, so that spikes stay.

    Args:
        values: What was measured; entries where `known` is False are blank.
        known: `[S]`.
        width: Characters; fewer where there are fewer values.
        span: log10 of the lowest and the highest level, shared by all rows of a table.
        symbols: The signs to draw with. Exact zeros and non-finite values have signs of their own.
    """
    if not len(values):
        return ""
    bins = np.array_split(np.arange(len(values)), min(width, len(values)))
    return "".join(_draw_one(values[part][known[part]], span=span, symbols=symbols) for part in bins)


def _draw_one(values: Floats, *, span: tuple[float, float] | None, symbols: Symbols) -> str:
    if not len(values):
        return " "
    if not np.isfinite(values).all():
        return symbols.non_finite
    largest = float(values.max())
    if largest <= 0 or span is None:
        return symbols.zero
    low, high = span
    position = (np.log10(largest) - low) / (high - low) * len(symbols.levels)
    return symbols.levels[min(max(int(position), 0), len(symbols.levels) - 1)]
