"""The JSON Schema of one value, from the `Parameter` that its reader uses; it knows no key of the config."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from gradcheck_cli.config.catalog import Parameter
from gradcheck_cli.config.quoting import quote
from gradcheck_cli.config.ranges import parse_range
from gradcheck_cli.config.values import DEEPEST_TENSOR, describe

Schema = dict[str, Any]

_LARGEST_INTEGER = 2**63 - 1
_WORDS: Mapping[str, Schema] = {"bool": {"type": "boolean"}, "null": {"type": "null"}}


def value_schema(parameter: Parameter, *, note: str = "") -> Schema:
    """What a parameter takes, with its documentation and default.

    Draft-07 has no way to tell `2.0` from `2` and no NaN: a whole number written with a point, and `.nan`, pass.

    Args:
        note: Said after the type, such as that it may be left out.
    """
    kinds = [_kind_schema(kind, parameter) for kind in parameter.types]
    schema: Schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    schema["description"] = describe_parameter(parameter, note=note)
    if not parameter.required and parameter.default is not None:
        schema["default"] = parameter.default
    return schema


def describe_parameter(parameter: Parameter, *, note: str = "") -> str:
    """Its help, what it takes, and its default, in plain text."""
    default = f"Default: {quote(parameter.default)}." if parameter.default is not None else ""
    state = "Required." if parameter.required else note or default
    takes = describe(parameter, ranged=True)
    return " ".join(filter(None, (parameter.help, f"{takes[:1].upper()}{takes[1:]}.", state)))


def mapping_schema(properties: Mapping[str, Schema], *, required: Iterable[str] = (), description: str = "") -> Schema:
    """A mapping with these keys and no others."""
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def fields_schema(parameters: Mapping[str, Parameter], *, description: str = "") -> Schema:
    """A mapping with the keys of a table of parameters."""
    return mapping_schema(
        {name: value_schema(parameter) for name, parameter in parameters.items()},
        required=[name for name, parameter in parameters.items() if parameter.required],
        description=description,
    )


def or_null(schema: Schema) -> Schema:
    """The same, or null, which stands for leaving it out."""
    return {"anyOf": [schema, {"type": "null"}]}


def _kind_schema(kind: str, parameter: Parameter) -> Schema:
    if kind.endswith("]"):
        element, _, size = kind[:-1].partition("[")
        item = _kind_schema(element.rstrip("?"), parameter)
        items = or_null(item) if element.endswith("?") else item
        return {
            "type": "array",
            "items": items,
            "minItems": int(size or 1),
            **({"maxItems": int(size)} if size else {}),
        }
    if kind == "tensor":
        return _tensor_schema(_number_schema(parameter, whole=False), DEEPEST_TENSOR)
    if kind in ("int", "float"):
        return _number_schema(parameter, whole=kind == "int")
    if kind == "str":
        return {"type": "string", "enum": list(parameter.choices)} if parameter.choices else {"type": "string"}
    return dict(_WORDS[kind])


def _tensor_schema(number: Schema, depth: int) -> Schema:
    if depth == 0:
        return number
    return {"anyOf": [number, {"type": "array", "minItems": 1, "items": _tensor_schema(number, depth - 1)}]}


def _number_schema(parameter: Parameter, *, whole: bool) -> Schema:
    schema: Schema = {"type": "integer" if whole else "number"}
    largest = _LARGEST_INTEGER if whole else sys.float_info.max
    if not parameter.range:
        return schema | ({"minimum": -largest, "maximum": largest} if whole else {})
    limits = parse_range(parameter.range)
    low, high = (int(end) if end == int(end) else end for end in _bound(limits.low, limits.high, largest))
    schema["exclusiveMinimum" if limits.low_open and math.isfinite(limits.low) else "minimum"] = low
    schema["exclusiveMaximum" if limits.high_open and math.isfinite(limits.high) else "maximum"] = high
    return schema


def _bound(low: float, high: float, largest: float) -> tuple[float, float]:
    """The ends of a range; the largest number that there is in place of infinity, which no range holds."""
    return max(low, -largest), min(high, largest)
