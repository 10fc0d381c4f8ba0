"""What a fix changes in the text of a config, as stretches of whole lines; it writes no file."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.config.document import BYTE_ORDER_MARK
from gradcheck_cli.config.lines import split_lines
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.rules.base import Fix


@dataclass(frozen=True)
class Replacement:
    """Lines that go, and the text that comes in their place.

    Attributes:
        first: Number of the first line that goes, from 1.
        end: Number of the first line that stays again; equal to `first` for a mere insertion before that line.
        text: What comes, line breaks included.
    """

    first: int
    end: int
    text: str


def apply_fix(fix: Fix, run: RunReport) -> str | None:
    """The text of the config with a fix; None for advice, without a text, and where the edits do not fit the text."""
    if run.document is None or not fix.edits:
        return None
    from gradcheck_cli.config.edits import EditConflict, apply_edits

    try:
        return apply_edits(run.document.text, fix.edits)
    except EditConflict:
        return None


def find_replacements(before: str, after: str) -> tuple[Replacement, ...]:
    """What leads from one text to the other; a byte order mark is no part of the first line."""
    old, new = (split_lines(text.removeprefix(BYTE_ORDER_MARK)) for text in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return tuple(
        Replacement(start + 1, end + 1, "".join(new[new_start:new_end]))
        for tag, start, end, new_start, new_end in matcher.get_opcodes()
        if tag != "equal"
    )


def span_replacements(before: str, replacements: Sequence[Replacement]) -> Replacement:
    """One replacement for several, from the first line that goes to the last; it takes in at least one line.

    Args:
        before: The text that they change.
        replacements: At least one, in order.
    """
    lines = split_lines(before.removeprefix(BYTE_ORDER_MARK))
    first, end = replacements[0].first, replacements[-1].end
    if first == end:
        first, end = (first - 1, end) if first > len(lines) else (first, end + 1)
    parts, position = [], first
    for replacement in replacements:
        parts += [*lines[position - 1 : replacement.first - 1], replacement.text]
        position = replacement.end
    return Replacement(first, end, "".join([*parts, *lines[position - 1 : end - 1]]))
