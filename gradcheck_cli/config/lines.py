"""Offsets, lines and blanks in YAML text; it does not know what the text means."""

from __future__ import annotations

import re

_BREAK = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_LINE_END = re.compile(r"[\r\n]|\Z")
# YAML knows fewer blanks than Unicode: a no-break space is text.
_BLANK = re.compile(r"(?:[ \t\r\n\x85\u2028\u2029]|#[^\r\n]*)*")
_REST = re.compile(r"[ \t]*(?:(?<=[ \t])#[^\r\n]*)?(?=[\r\n]|\Z)")


def locate(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1."""
    line, start = 1, 0
    for match in _BREAK.finditer(text, 0, offset):
        # A pair cut in two by `offset` is still one break, which ends after it.
        if text[match.start() : match.start() + 2] == "\r\n" and match.end() - match.start() == 1:
            break
        line, start = line + 1, match.end()
    return line, offset - start + 1


def split_lines(text: str) -> list[str]:
    """The lines, each with its line break; those that `locate` counts."""
    return _LINE.findall(text)


def line_start(text: str, offset: int) -> int:
    """Where the line that holds the offset begins."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def line_end(text: str, offset: int) -> int:
    """Where the line that holds the offset ends, before its line break."""
    match = _LINE_END.search(text, offset)
    return match.start() if match else len(text)


def next_line(text: str, offset: int) -> int:
    """Where the line after the one that holds the offset begins; the length of the text where there is none."""
    end = line_end(text, offset)
    match = _BREAK.match(text, end)
    return match.end() if match else end


def column_of(text: str, offset: int) -> int:
    """How many characters stand before the offset in its line."""
    return offset - line_start(text, offset)


def begins_line(text: str, offset: int) -> bool:
    """Whether only blanks stand before the offset in its line."""
    return not text[line_start(text, offset) : offset].strip(" \t")


def skip_blank(text: str, offset: int) -> int:
    """The next offset that is neither blank nor inside a comment. The offset itself must not be inside a value."""
    match = _BLANK.match(text, offset)
    return match.end() if match else offset


def ends_line(text: str, offset: int) -> bool:
    """Whether only blanks and a comment follow the offset in its line."""
    return _REST.match(text, offset) is not None


def above_comments(text: str, start: int) -> int:
    """The start of the comment lines that stand directly above the line that begins at `start`, or `start`."""
    while start > 0:
        previous = line_start(text, start - 2 if text[start - 2 : start] == "\r\n" else start - 1)
        if not text[previous:start].lstrip(" \t").startswith("#"):
            break
        start = previous
    return start


def newline_of(text: str) -> str:
    """The line break that the text uses first; a line feed where it has none."""
    match = _BREAK.search(text)
    return match.group() if match else "\n"
