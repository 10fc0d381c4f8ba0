"""How many terminal columns a text takes (wide East Asian characters take two), and cutting it; it styles nothing."""

from __future__ import annotations

import unicodedata


def measure(text: str) -> int:
    """Columns that `text` takes in a terminal."""
    return sum(map(_measure_one, text))


def _measure_one(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def shorten(text: str, width: int, *, ellipsis: str) -> str:
    """At most `width` columns, the end replaced by an ellipsis where something is cut off."""
    if measure(text) <= width:
        return text
    room, kept = width - measure(ellipsis), ""
    for character in text:
        room -= _measure_one(character)
        if room < 0:
            break
        kept += character
    return kept + ellipsis
