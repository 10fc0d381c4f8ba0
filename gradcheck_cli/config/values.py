"""Reads one value against what its parameter allows; it knows no config key."""

from __future__ import annotations

import math
from typing import Any

from gradcheck_cli.config.catalog import Parameter
from gradcheck_cli.config.hints import hint_for_value
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.quoting import list_names, quote
from gradcheck_cli.config.ranges import parse_range

_NOUNS = {
    "int": ("a whole number", "whole numbers"),
    "float": ("a number", "numbers"),
    "str": ("text", "texts"),
    "bool": ("true or false", "true or false"),
    "null": ("null", "null"),
    "tensor": ("a number or a list of numbers", "lists of numbers"),
}
DEEPEST_TENSOR = 8


class Mismatch(Exception):  # noqa: N818 - not an error: one alternative of several did not fit
    """A value is not of a type."""


def read_value(node: Node, parameter: Parameter) -> Any:
    """The value, with whole numbers turned into floats where torch wants floats.

    A value that does not fit is reported, and the parameter's default is returned.
    """
    for kind in parameter.types:
        try:
            value = _convert(node.value, kind)
        except Mismatch:
            continue
        return value if _check(node, value, parameter) else parameter.default
    noun = describe(parameter, ranged=False)
    node.report(
        f"{quote(node.value)} is not {noun}", allowed=describe(parameter, ranged=True), hint=_hint(node, parameter)
    )
    return parameter.default


def _convert(value: Any, kind: str) -> Any:
    """`value` as `kind`.

    Raises:
        Mismatch: It is something else.
    """
    if kind.endswith("]"):
        return _convert_list(value, kind)
    if kind == "tensor":
        return _convert_tensor(value, 0)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**1023:
        return float(value)
    wanted = {"int": int, "float": float, "str": str, "bool": bool, "null": type(None)}[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind == "int"):
        raise Mismatch
    return value


def _convert_list(value: Any, kind: str) -> list[Any]:
    element, _, size = kind[:-1].partition("[")
    if not isinstance(value, list) or (size and len(value) != int(size)) or not value:
        raise Mismatch
    optional = element.endswith("?")
    return [None if optional and item is None else _convert(item, element.rstrip("?")) for item in value]


def _convert_tensor(value: Any, depth: int) -> Any:
    if isinstance(value, list) and value and depth < DEEPEST_TENSOR:
        return [_convert_tensor(item, depth + 1) for item in value]
    return _convert(value, "float")


def _numbers(value: Any) -> list[float]:
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def _overflows(number: float) -> bool:
    """Whether it is a whole number that torch cannot hold in 64 bits."""
    return isinstance(number, int) and abs(number) >= 2**63


def _check(node: Node, value: Any, parameter: Parameter) -> bool:
    """Report a value of the right type that is impossible all the same."""
    if parameter.choices and isinstance(value, str) and value not in parameter.choices:
        hint = hint_for_value(value, parameter.choices)
        node.report(f"{quote(value)} is not known here", allowed=list_names(parameter.choices), hint=hint)
        return False
    limits = parse_range(parameter.range) if parameter.range else None
    wrong = [n for n in _numbers(value) if n != n or _overflows(n) or (limits and n not in limits)]
    if wrong:
        node.report(f"{quote(node.value)} is not possible", allowed=describe(parameter, ranged=True))
    return not wrong


def describe(parameter: Parameter, *, ranged: bool) -> str:
    """The types a parameter takes; `ranged` adds the range and the words it knows."""
    parts = [_describe_kind(kind, parameter, ranged=ranged) for kind in parameter.types]
    return " or ".join(dict.fromkeys(parts))


def _describe_kind(kind: str, parameter: Parameter, *, ranged: bool) -> str:
    limits = f" {parse_range(parameter.range)}".rstrip() if ranged and parameter.range else ""
    if kind.endswith("]"):
        element, _, size = kind[:-1].partition("[")
        return f"a list of {size + ' ' if size else ''}{_NOUNS[element.rstrip('?')][1]}{limits}"
    if kind == "str" and parameter.choices:
        return list_names(map(repr, parameter.choices)) if ranged else "one of the words known here"
    return _NOUNS[kind][0] + (limits if kind in ("int", "float", "tensor") else "")


def _hint(node: Node, parameter: Parameter) -> str:
    """What to write instead, where it can be told from the value."""
    wants_number = any(kind in ("int", "float", "tensor") for kind in parameter.types)
    if isinstance(node.value, str) and (hint := node.document.hint(node.path)):
        return hint
    if isinstance(node.value, float) and node.value.is_integer() and "int" in parameter.types:
        return f"write {int(node.value)}" if abs(node.value) < 1e15 else ""
    if isinstance(node.value, str) and wants_number and _is_number(node.value):
        return f"write {node.value.strip()} without quotes"
    if parameter.choices and (hint := hint_for_value(str(node.value), parameter.choices)):
        return hint
    if "str" in parameter.types and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return "write it in quotes if text is meant"
    return ""


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
