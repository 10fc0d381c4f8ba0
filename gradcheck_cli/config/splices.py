"""Replacements of stretches of text, made all at once; it knows no YAML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Splice:
    """The text between two offsets and what stands there instead; an insertion where both are equal."""

    start: int
    end: int
    text: str = ""


def apply_splices(text: str, splices: Iterable[Splice]) -> str:
    """Make replacements that do not overlap; offsets are those of the text before."""
    parts: list[str] = []
    position = 0
    for splice in sorted(splices):
        parts += [text[position : splice.start], splice.text]
        position = splice.end
    return "".join([*parts, text[position:]])
