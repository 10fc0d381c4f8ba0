"""Types of command-line arguments that the measuring programs share; argparse turns their ValueErrors into exit 2."""

from __future__ import annotations


def read_count(text: str) -> int:
    """A whole number above 0.

    Raises:
        ValueError: It is none.
    """
    count = int(text)
    if count < 1:
        raise ValueError(text)
    return count


def read_offsets(text: str) -> tuple[int, ...]:
    """`0,100,200` as numbers, each once.

    Raises:
        ValueError: One is no number.
    """
    return tuple(dict.fromkeys(int(part) for part in text.split(",")))
