"""Text of others made safe for Markdown: names and messages may quote anything that stood in a file."""

from __future__ import annotations

import re

from gradcheck_cli.reporters.printable import make_line, make_printable

_SIGNS = re.compile(r"([\\`*_\[\]#|~$])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}


def escape(text: str) -> str:
    """One line that shows as it stands: without markup, HTML, and mentions that would call people."""
    entities = "".join(_ENTITIES.get(character, character) for character in make_line(text))
    # The sharp of `&#64;` must stay.
    return re.sub(r"&\\#64;", "&#64;", _SIGNS.sub(r"\\\1", entities))


def code(text: str) -> str:
    """A code span, with a fence longer than what is in it."""
    line = make_line(text)
    fence = _fence(line, shortest=1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def code_cell(text: str) -> str:
    """The same in a cell of a table, where a bar would end it."""
    return code(text).replace("|", "\\|")


def code_block(text: str, language: str = "") -> str:
    """Lines in a fenced block."""
    lines = make_printable(text.rstrip("\n"))
    fence = _fence(lines, shortest=3)
    return f"{fence}{language}\n{lines}\n{fence}"


def _fence(text: str, *, shortest: int) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(shortest, longest + 1)
