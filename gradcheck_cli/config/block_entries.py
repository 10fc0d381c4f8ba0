"""Adding and removing entries of block mappings and lists; it knows no values, only where entries stand."""

from __future__ import annotations

from gradcheck_cli.config.entries import Entry
from gradcheck_cli.config.lines import (
    above_comments,
    begins_line,
    column_of,
    line_end,
    line_start,
    newline_of,
    next_line,
)
from gradcheck_cli.config.splices import Splice


def insert_block_entry(text: str, entries: list[Entry], index: int, lines: list[str]) -> list[Splice]:
    """Write the lines of an entry before the one at an index, above the comments that belong to that one."""
    first = entries[0]
    indent, newline = " " * column_of(text, first.start), newline_of(text)
    if index > 0:
        end = line_end(text, entries[index - 1].end)
        return [Splice(end, end, "".join(f"{newline}{indent}{line}" for line in lines))]
    if begins_line(text, first.start):
        above = above_comments(text, line_start(text, first.start))
        return [Splice(above, above, "".join(f"{indent}{line}{newline}" for line in lines))]
    return [Splice(first.start, first.start, f"{newline}{indent}".join([*lines, ""]))]


def remove_block_entry(text: str, entries: list[Entry], index: int) -> list[Splice]:
    """Take one of several entries away, with the comment at the end of its last line."""
    entry = entries[index]
    following = next_line(text, entry.end)
    if begins_line(text, entry.start):
        return [whole_lines(text, entry.start, entry.end)]
    # The first entry of a block that begins after a dash: the next one moves up beside the dash.
    while text[following] in " \t\r\n":
        following += 1
    return [Splice(entry.start, following)]


def whole_lines(text: str, start: int, end: int) -> Splice:
    """Delete all lines that a stretch of text touches."""
    begin, following = line_start(text, start), next_line(text, end)
    if following == line_end(text, end) and begin > 0:
        # The last line of a file without a line break at its end: the break before it goes instead.
        begin -= 2 if text[begin - 2 : begin] == "\r\n" else 1
    return Splice(begin, following)
