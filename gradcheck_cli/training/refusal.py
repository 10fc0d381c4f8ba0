"""Says in plain words what torch refused and where the config says it; it catches nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# What torch raises for arguments and inputs that it cannot use.
REFUSALS = (
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    ArithmeticError,
    MemoryError,
)

_LONGEST_MESSAGE = 160


def shorten(error: BaseException) -> str:
    """The first line of an error's message, cut to one line of a terminal or two."""
    lines = str(error).strip().splitlines()
    text = lines[0].strip() if lines else type(error).__name__
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[: _LONGEST_MESSAGE - 3].rstrip()}..."


def show_shape(shape: Sequence[int]) -> str:
    """A shape as the config writes lists: `[3, 8, 8]`."""
    return f"[{', '.join(map(str, shape))}]"


def blamed_path(path: str, arguments: Mapping[str, Any], *, error: BaseException) -> str:
    """`path.<argument>` where torch's message names exactly one of the arguments given, else `path`."""
    words = set("".join(letter if letter.isalnum() or letter == "_" else " " for letter in str(error)).split())
    named = [name for name in arguments if name in words]
    return f"{path}.{named[0]}" if len(named) == 1 else path


def as_plain_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Keyword arguments as torch takes them: lists become tuples."""
    return {name: _as_tuple(value) for name, value in arguments.items()}


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list | tuple) else value
