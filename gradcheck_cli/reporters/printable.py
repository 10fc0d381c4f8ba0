"""Text of others made safe for a terminal; it changes nothing that can be printed."""

from __future__ import annotations

import unicodedata


def make_line(text: str) -> str:
    """One line without control characters: names and messages may quote anything that stood in a file."""
    return "".join(map(_show_character, " ".join(text.splitlines())))


def make_printable(text: str) -> str:
    """The same for text of several lines; tabs become four spaces."""
    return "\n".join(make_line(line) for line in text.expandtabs(4).split("\n"))


def _show_character(character: str) -> str:
    # Cc are control characters, Cf invisible marks that can reverse the direction of a line, Cs lone surrogates.
    if unicodedata.category(character) in {"Cc", "Cf", "Cs"}:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character
