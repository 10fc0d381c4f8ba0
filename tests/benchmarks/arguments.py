"""Types of command-line arguments that the measuring programs share; argparse turns a refusal into exit 2."""

from __future__ import annotations

from argparse import ArgumentTypeError


def read_count(text: str) -> int:
    """A whole number above 0.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def read_offsets(text: str) -> tuple[int, ...]:
    """`0,100,200` as numbers, each once.

    Raises:
        ArgumentTypeError: One is no number.
    """
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise ArgumentTypeError(f"{text!r} is no list of whole numbers such as 0,100,200")
    return tuple(dict.fromkeys(int(part) for part in parts))
