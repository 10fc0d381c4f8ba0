"""Changed lines of a config, each with its sign; it compares nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from gradcheck_cli.reporters.full.text import ADDED, DIM, REMOVED, style
from gradcheck_cli.reporters.printable import make_printable


def draw_diff(lines: Sequence[str]) -> Table:
    """Signs in a column of their own, so that a long line wraps beside its sign and nothing is lost."""
    grid = Table.grid()
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    for line in lines:
        line_style = {"+": ADDED, "-": REMOVED}.get(line[:1], DIM)
        grid.add_row(style(line[:1], line_style), Text(make_printable(line[1:]), style=line_style))
    return grid
