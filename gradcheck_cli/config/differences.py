"""What differs between two texts, line by line, for showing; it does not know what the texts mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class DiffLine:
    """One line that was taken away or added.

    Attributes:
        sign: `-` or `+`.
        number: Line number from 1, in the text before for `-`, in the text after for `+`.
        text: The line, without its line break.
    """

    sign: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.sign} {self.text}"


def changed_lines(before: str, after: str) -> list[DiffLine]:
    """The lines that differ, in order; those taken away stand before those that replace them."""
    return list(_changed_lines(before.splitlines(), after.splitlines()))


def _changed_lines(before: list[str], after: list[str]) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            yield from (DiffLine("-", index + 1, before[index]) for index in range(start, end))
            yield from (DiffLine("+", index + 1, after[index]) for index in range(new_start, new_end))


def diff_lines(before: str, after: str) -> list[str]:
    """The lines that differ, each with `- ` or `+ ` before it."""
    return [str(line) for line in changed_lines(before, after)]


def diff_with_context(before: str, after: str, *, lines: int = 1) -> list[str]:
    """The lines that differ with those around them, each with `- `, `+ ` or two spaces before it; `...` for a gap."""
    shown: list[str] = []
    for line in list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=lines, lineterm=""))[2:]:
        if line.startswith("@@"):
            shown += ["  ..."] if shown else []
        else:
            shown.append(f"{line[:1]} {line[1:]}")
    return shown


def unified_diff(before: str, after: str, name: str) -> str:
    """A patch in the form of `diff -u` and git, ending in a line break; empty where nothing differs.

    Args:
        name: The file's name, shown for both sides.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, fromfile=f"a/{name}", tofile=f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
