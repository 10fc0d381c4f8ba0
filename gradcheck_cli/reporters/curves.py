"""A small plot of a few curves in text; it knows nothing of losses and applies no colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import Bools, Floats

# Dots of a braille cell by (row, column): Unicode 15, chapter 21.1, "Braille Patterns".
_BRAILLE_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_LOG_FROM_RATIO = 50.0
"""A linear axis hides everything below a fiftieth of the highest value."""


@dataclass(frozen=True)
class Curve:
    """One curve: its name, the letter that draws it in plain ASCII, and its values `[E]` (non-finite ones are gaps)."""

    name: str
    letter: str
    values: Floats


@dataclass(frozen=True)
class Cell:
    """One character of a plot and the index of the curve it belongs to (None for blank)."""

    text: str
    curve: int | None


@dataclass(frozen=True)
class Plot:
    """A drawn plot.

    Attributes:
        rows: `[height][width]`, from the top.
        low, high: Values at the bottom and the top.
        logarithmic: Whether the vertical axis is.
        end_rows: For each curve the row of its last finite value, None where it has none.
    """

    rows: tuple[tuple[Cell, ...], ...]
    low: float
    high: float
    logarithmic: bool
    end_rows: tuple[int | None, ...]


def draw_curves(curves: Sequence[Curve], *, width: int, height: int, braille: bool) -> Plot | None:
    """Draw `curves` over one horizontal axis; later curves go over earlier ones.

    Args:
        curves: All of the same length.
        width: Characters.
        height: Characters.
        braille: 2 x 4 dots a character instead of one letter.

    Returns:
        None where no curve has two finite values.
    """
    stacked = np.stack([curve.values for curve in curves])
    finite = np.isfinite(stacked)
    if finite.sum(axis=1).max() < 2:
        return None
    logarithmic, low, high = _choose_axis(stacked[finite])
    across, down = (2, 4) if braille else (1, 1)
    grids = [
        _trace(_scale(curve.values, low=low, high=high, logarithmic=logarithmic), (height * down, width * across))
        for curve in curves
    ]
    ends = tuple(_find_end(grid, down) for grid in grids)
    rows = tuple(
        tuple(_compose(grids, curves, row, column, braille=braille) for column in range(width)) for row in range(height)
    )
    return Plot(rows, low, high, logarithmic, ends)


def _choose_axis(values: Floats) -> tuple[bool, float, float]:
    low, high = float(values.min()), float(values.max())
    if low > 0 and high / low > _LOG_FROM_RATIO:
        return True, low, high
    if high == low:
        margin = abs(high) / 2 or 1.0
        return False, low - margin, high + margin
    return False, low, high


def _scale(values: Floats, *, low: float, high: float, logarithmic: bool) -> Floats:
    """Heights in [0, 1]; NaN at gaps."""
    safe = np.where(np.isfinite(values), values, np.nan)
    if logarithmic:
        return np.asarray((np.log(safe) - np.log(low)) / (np.log(high) - np.log(low)), dtype=np.float64)
    # Halves keep the difference of two huge losses from overflowing.
    return np.asarray((safe / 2 - low / 2) / (high / 2 - low / 2), dtype=np.float64)


def _trace(heights: Floats, shape: tuple[int, int]) -> Bools:
    """Dots of a curve on a grid, neighbours in x joined by vertical strokes."""
    rows, columns = shape
    grid = np.zeros(shape, dtype=np.bool_)
    places = np.linspace(0, len(heights) - 1, columns)
    sampled = np.interp(places, np.arange(len(heights)), heights)
    previous: int | None = None
    for column, height in enumerate(sampled):
        if np.isnan(height):
            previous = None
            continue
        row = round((1 - min(max(float(height), 0.0), 1.0)) * (rows - 1))
        # The previous column has already drawn its own row, so the stroke starts one beside it.
        start = row if previous is None or previous == row else previous + (1 if row > previous else -1)
        grid[min(start, row) : max(start, row) + 1, column] = True
        previous = row
    return grid


def _find_end(grid: Bools, down: int) -> int | None:
    columns = np.flatnonzero(grid.any(axis=0))
    if not len(columns):
        return None
    return int(np.flatnonzero(grid[:, columns[-1]])[-1]) // down


def _compose(grids: Sequence[Bools], curves: Sequence[Curve], row: int, column: int, *, braille: bool) -> Cell:
    down, across = (len(_BRAILLE_BITS), len(_BRAILLE_BITS[0])) if braille else (1, 1)
    patches = [grid[row * down : (row + 1) * down, column * across : (column + 1) * across] for grid in grids]
    present = [index for index, patch in enumerate(patches) if patch.any()]
    if not present:
        return Cell(" ", None)
    if not braille:
        return Cell(curves[present[-1]].letter if len(present) == 1 else "*", present[-1])
    bits = np.logical_or.reduce(patches)
    return Cell(chr(0x2800 + int(np.sum(_BRAILLE_BITS, where=bits))), present[-1])
