"""Kinds of plain data: their names in messages, equality, conversion; it reads and writes no text."""

from __future__ import annotations

from typing import Any


def name_kind(value: Any) -> str:
    """What a value is, for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a mapping" if isinstance(value, dict) else "a list"


def same_data(one: Any, other: Any) -> bool:
    """Whether two values are equal down to the type of each number; NaN equals itself, the order of keys is free."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same_data(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_data, one, other))
    return repr(one) == repr(other) if isinstance(one, float) else bool(one == other)


def plain_data(value: Any) -> Any:
    """A deep copy in the types that YAML gives: tuples become lists; subclasses of numbers and text lose their class.

    Raises:
        TypeError: Something is neither a number, text, true or false, null, a list nor a mapping with text keys.
    """
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"a key of {value!r} is not text")
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return str.__str__(value) if isinstance(value, str) else kind(value)
    raise TypeError(f"{value!r} cannot stand in a config")
