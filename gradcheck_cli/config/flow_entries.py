"""Adding and removing entries of `{...}` and `[...]`; it knows no values, only where entries stand."""

from __future__ import annotations

from gradcheck_cli.config.entries import Entry
from gradcheck_cli.config.lines import (
    above_comments,
    begins_line,
    column_of,
    ends_line,
    line_end,
    line_start,
    newline_of,
    next_line,
    skip_blank,
)
from gradcheck_cli.config.splices import Splice
from gradcheck_cli.config.syntax_tree import Collection


def insert_flow_entry(text: str, node: Collection, entries: list[Entry], index: int, written: str) -> list[Splice]:
    """Write an entry before the one at an index, on a line of its own where the entry there has one."""
    close = node.end - 1
    if not entries:
        comment = "#" in text[node.inside : close]
        return [Splice(close if comment else node.inside, close, written)]
    if index == len(entries):
        return _append(text, close, entries[-1], written)
    entry = entries[index]
    if not begins_line(text, entry.start):
        return [Splice(entry.start, entry.start, f"{written}, ")]
    newline, indent = newline_of(text), " " * column_of(text, entry.start)
    if index == 0:
        above = above_comments(text, line_start(text, entry.start))
        return [Splice(above, above, f"{indent}{written},{newline}")]
    comma = skip_blank(text, entries[index - 1].end)
    end = line_end(text, comma)
    if not ends_line(text, comma + 1):
        return [Splice(entry.start, entry.start, f"{written},{newline}{indent}")]
    return [Splice(end, end, f"{newline}{indent}{written},")]


def _append(text: str, close: int, last: Entry, written: str) -> list[Splice]:
    comma = skip_blank(text, last.end)
    has_comma = text[comma] == ","
    end = line_end(text, comma if has_comma else last.end)
    if not begins_line(text, last.start) or close < end:
        return [Splice(last.end, last.end, f", {written}")]
    line = f"{newline_of(text)}{' ' * column_of(text, last.start)}{written}"
    if has_comma:
        return [Splice(end, end, f"{line},")]
    if end == last.end:
        return [Splice(end, end, f",{line}")]
    return [Splice(last.end, last.end, ","), Splice(end, end, line)]


def remove_flow_entry(text: str, node: Collection, entries: list[Entry], index: int) -> list[Splice]:
    """Take an entry away, with its line and the comment at the end of it where the line is its own."""
    entry, close = entries[index], node.end - 1
    comma = skip_blank(text, entry.end)
    has_comma = text[comma] == ","
    end = comma + 1 if has_comma else entry.end
    if len(entries) == 1 and "#" not in text[node.inside : entry.start] + text[end:close]:
        return [Splice(node.inside, close)]
    alone = ends_line(text, end)
    if begins_line(text, entry.start) and alone:
        lines = Splice(line_start(text, entry.start), next_line(text, end))
        return [lines, *(_without_comma(text, entries[index - 1]) if index > 0 and not has_comma else [])]
    if index == len(entries) - 1 and index > 0:
        return _remove_last(text, entries[index - 1], entry)
    if alone:
        blanks = len(text[: entry.start]) - len(text[: entry.start].rstrip(" \t"))
        return [Splice(entry.start - blanks, line_end(text, end))]
    following = end
    while text[following] in " \t":
        following += 1
    return [Splice(entry.start, following)]


def _without_comma(text: str, entry: Entry) -> list[Splice]:
    comma = skip_blank(text, entry.end)
    return [Splice(comma, comma + 1)] if text[comma] == "," else []


def _remove_last(text: str, previous: Entry, entry: Entry) -> list[Splice]:
    """Remove the last entry where the bracket stands on its line; a comma after it stays."""
    between = text[previous.end : entry.start]
    if "#" not in between:
        return [Splice(previous.end, entry.end)]
    comma = skip_blank(text, entry.end)
    if text[comma] == ",":
        return [Splice(entry.start, comma + 1)]
    return [*_without_comma(text, previous), Splice(entry.start, entry.end)]
