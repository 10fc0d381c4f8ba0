"""Columns of a text table: which fit a width, and their cells brought to one length; it applies no style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gradcheck_cli.reporters.cell_width import measure, shorten

GAP = 2


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: Its heading.
        cells: One for each row.
        rank: 0 is never left out; the highest goes first where there is no room.
        right: Whether it is aligned to the right.
        longest: Cells are cut to this.
    """

    title: str
    cells: tuple[str, ...]
    rank: int
    right: bool = True
    longest: int = 1000

    @cached_property
    def width(self) -> int:
        """Columns that it takes, without the gap."""
        return min(self.longest, max(map(measure, (self.title, *self.cells))))

    def align(self, text: str, *, ellipsis: str) -> str:
        """`text` at exactly this column's width."""
        text = shorten(text, self.width, ellipsis=ellipsis)
        padding = " " * (self.width - measure(text))
        return padding + text if self.right else text + padding


def choose_columns(columns: Sequence[Column], *, width: int) -> list[Column]:
    """The columns to show, in their order: by rank as long as they fit, none after the first that does not."""
    chosen: list[Column] = []
    for column in sorted(columns, key=lambda column: column.rank):
        if column.rank > 0 and total_width([*chosen, column]) > width:
            break
        chosen.append(column)
    return [column for column in columns if column in chosen]


def total_width(columns: Sequence[Column]) -> int:
    """Width of the columns with the gaps between them."""
    return sum(column.width for column in columns) + GAP * max(len(columns) - 1, 0)
