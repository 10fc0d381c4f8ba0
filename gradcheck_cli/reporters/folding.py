"""Which rows of a long layer table are shown and which are folded into a count; it draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from gradcheck_cli.reporters.layer_rows import LayerRow

LONGEST = 20
"""Rows that a table may have before it is folded: with the findings above it, about one screen."""
_SHORTEST_FOLD = 3
_KEPT_FLAGGED = 3


@dataclass(frozen=True)
class Fold:
    """Rows that are not shown one by one; all flagged or all healthy."""

    rows: tuple[LayerRow, ...]


def fold_rows(rows: Sequence[LayerRow], *, longest: int = LONGEST) -> list[LayerRow | Fold]:
    """Fold stretches of healthy rows; of flagged ones only the middle, and only where they alone fill the screen.

    A stretch keeps its first and last row, so that the ends of the net and the rows beside a bad one stay.
    """
    if len(rows) <= longest:
        return list(rows)
    too_many_flagged = sum(row.severity is not None for row in rows) > longest
    shown: list[LayerRow | Fold] = []
    for severity, stretch in groupby(rows, key=lambda row: row.severity):
        kept = 1 if severity is None else _KEPT_FLAGGED
        shown += _fold_stretch(tuple(stretch), kept=kept, may_fold=severity is None or too_many_flagged)
    return shown


def _fold_stretch(rows: tuple[LayerRow, ...], *, kept: int, may_fold: bool) -> list[LayerRow | Fold]:
    if not may_fold or len(rows) < 2 * kept + _SHORTEST_FOLD:
        return list(rows)
    return [*rows[:kept], Fold(rows[kept:-kept]), *rows[-kept:]]
