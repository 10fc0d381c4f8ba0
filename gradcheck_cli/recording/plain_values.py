"""Frozen dataclasses to plain JSON values and back, arrays set apart by name; it reads and writes no file."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Arrays = dict[str, NDArray[Any]]

_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class PlainValueError(ValueError):
    """The plain values do not describe what they should."""


def to_plain(value: Any, arrays: Arrays, path: str = "") -> Any:
    """A value made of dataclasses, mappings, sequences, enums, numbers, strings and arrays, as JSON can hold it.

    Arrays go into `arrays` under the path where they stand. What JSON lacks is tagged: `{"$array": path}`,
    `{"$float": "nan"}`, and `{"$tuple": [...]}`.

    Raises:
        TypeError: Something else is in it.
    """
    if isinstance(value, np.ndarray):
        arrays[path] = np.ascontiguousarray(value)
        return {"$array": path}
    if isinstance(value, np.generic):
        return to_plain(value.item(), arrays, path)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: to_plain(getattr(value, f.name), arrays, _join(path, f.name)) for f in dataclasses.fields(value)
        }
    if isinstance(value, Enum):
        return to_plain(value.value, arrays, path)
    if isinstance(value, Mapping):
        return {str(key): to_plain(entry, arrays, _join(path, str(key))) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        entries = [to_plain(entry, arrays, _join(path, str(index))) for index, entry in enumerate(value)]
        return {"$tuple": entries} if isinstance(value, tuple) else entries
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{path}: {type(value).__name__} cannot be saved")


def from_plain(kind: type[T], plain: Any, arrays: Mapping[str, NDArray[Any]]) -> T:
    """The dataclass that `to_plain` was given. Unknown fields are passed over; missing ones take their default.

    Raises:
        PlainValueError: A field without default is missing, or a value is not of its type.
    """
    return _read(kind, plain, arrays, kind.__name__)  # type: ignore[no-any-return]


def _read(kind: Any, plain: Any, arrays: Mapping[str, NDArray[Any]], path: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        inner = [option for option in get_args(kind) if option is not type(None)]
        return None if plain is None else _read(inner[0] if len(inner) == 1 else Any, plain, arrays, path)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _read_dataclass(kind, plain, arrays, path)
    if origin is np.ndarray:
        return _read_array(plain, arrays, path)
    if origin is tuple:
        entries = _expect(plain, dict, path).get("$tuple")
        inner = get_args(kind)[0]
        return tuple(_read(inner, e, arrays, f"{path}[{i}]") for i, e in enumerate(_expect(entries, list, path)))
    if origin is not None and issubclass(origin, Mapping):
        key_kind, entry_kind = get_args(kind)
        items = _expect(plain, dict, path).items()
        return {_read_key(key_kind, k, path): _read(entry_kind, e, arrays, f"{path}.{k}") for k, e in items}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _read_key(kind, plain, path)
    return _read_scalar(kind, _untag(plain, arrays, path), path)


def _read_dataclass(kind: Any, plain: Any, arrays: Mapping[str, NDArray[Any]], path: str) -> Any:
    given = _expect(plain, dict, path)
    hints = get_type_hints(kind)
    values = {}
    for field in dataclasses.fields(kind):
        if field.name in given:
            values[field.name] = _read(hints[field.name], given[field.name], arrays, f"{path}.{field.name}")
    try:
        return kind(**values)
    except TypeError as error:
        raise PlainValueError(f"{path}: {error}") from error


def _read_array(plain: Any, arrays: Mapping[str, NDArray[Any]], path: str) -> NDArray[Any]:
    name = _expect(plain, dict, path).get("$array")
    if name not in arrays:
        raise PlainValueError(f"{path}: the array {name!r} is missing")
    return arrays[name]


def _read_key(kind: Any, plain: Any, path: str) -> Any:
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return plain
    try:
        return kind(plain)
    except ValueError as error:
        raise PlainValueError(f"{path}: {error}") from error


def _untag(plain: Any, arrays: Mapping[str, NDArray[Any]], path: str) -> Any:
    """A value of no declared type: what the tags say."""
    if isinstance(plain, list):
        return [_untag(entry, arrays, path) for entry in plain]
    if not isinstance(plain, dict):
        return plain
    if plain.keys() == {"$tuple"}:
        return tuple(_untag(entry, arrays, path) for entry in _expect(plain["$tuple"], list, path))
    if plain.keys() == {"$float"}:
        if plain["$float"] not in _FLOATS:
            raise PlainValueError(f"{path}: {plain['$float']!r} is no number")
        return _FLOATS[plain["$float"]]
    if plain.keys() == {"$array"}:
        return _read_array(plain, arrays, path)
    return {key: _untag(entry, arrays, path) for key, entry in plain.items()}


def _read_scalar(kind: Any, value: Any, path: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in (bool, int, float, str) and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise PlainValueError(f"{path}: {value!r} is not {kind.__name__}")
    return value


def _expect(value: Any, kind: type, path: str) -> Any:
    if not isinstance(value, kind):
        raise PlainValueError(f"{path}: {value!r} is not {kind.__name__}")
    return value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
