"""Styled text and its few styles; everything that stood in a file passes through here before it reaches a terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from gradcheck_cli.reporters.printable import make_line
from gradcheck_cli.rules.base import Severity

DIM = "dim"
STRONG = "bold"
PASSED = "green"
ADDED = "green"
REMOVED = "red"
SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
CURVE_STYLES = ("blue", "magenta")
INDENT = 2


def style(text: str, style: str = "") -> Text:
    """Text taken literally, without markup and control characters."""
    return Text(make_line(text), style=style)


def join(*parts: str | Text) -> Text:
    """One text of several, each with its own style."""
    return Text.assemble(*(style(part) if isinstance(part, str) else part for part in parts))


def make_fields(label_width: int) -> Table:
    """A grid of dim labels and the text beside them, which wraps within its own column."""
    grid = Table.grid(padding=(0, 1), expand=False)
    grid.add_column(width=label_width, no_wrap=True, style=DIM)
    grid.add_column(overflow="fold")
    return grid
