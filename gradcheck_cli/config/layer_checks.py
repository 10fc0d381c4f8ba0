"""Checks the arguments of one layer against each other, as its torch class would; it looks at no other layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck_cli.config.catalog import Signature
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.quoting import quote

_DIVISORS = (
    ("num_heads", "embed_dim"),
    ("nhead", "d_model"),
    ("groups", "in_channels"),
    ("groups", "out_channels"),
    ("num_groups", "num_channels"),
)
_ORDERED = (("lower", "upper", False), ("min_val", "max_val", True), ("proj_size", "hidden_size", True))
_EITHER = (("size", "scale_factor"), ("output_size", "output_ratio"))


def check_arguments(node: Node, signature: Signature, arguments: Mapping[str, Any]) -> None:
    """Report arguments that cannot stand together."""
    for name, message in _contradictions(signature, arguments):
        (node.child(name) if isinstance(node.value, dict) and name in node.value else node).report(message)
    if arguments.get("batch_first") is False:
        node.child("batch_first").report(
            f"false is not possible for 'batch_first' of {signature.name}", allowed="true: data is [N, T, D] here"
        )


def _contradictions(signature: Signature, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    values = {name: parameter.default for name, parameter in signature.parameters.items()} | dict(arguments)
    for name, of in _DIVISORS:
        if isinstance(values.get(name), int) and isinstance(values.get(of), int) and values[of] % values[name]:
            yield name, f"{quote(values[name])} does not divide '{of}', which is {quote(values[of])}"
    for low, high, strictly in _ORDERED:
        if values.get(low) is None or values.get(high) is None:
            continue
        if values[low] > values[high] or (strictly and values[low] == values[high]):
            yield low, f"{quote(values[low])} is not below '{high}', which is {quote(values[high])}"
    for one, other in _EITHER:
        if {one, other} <= signature.parameters.keys() and (values[one] is None) == (values[other] is None):
            yield other, f"{signature.name} needs either {one!r} or {other!r}"
    if (
        values.get("padding") == "same"
        and values.get("stride") not in (None, 1)
        and set(_flat(values["stride"])) != {1}
    ):
        yield "padding", "'same' needs a stride of 1"
    yield from _repeated_dimensions(arguments)


def _repeated_dimensions(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    dims = arguments.get("dims")
    if dims is not None and sorted(dims) != list(range(len(dims))):
        yield "dims", f"{quote(dims)} does not name each dimension from 0 to {len(dims) - 1} once"
    for name in ("shape", "unflattened_size"):
        sizes = arguments.get(name)
        if sizes is not None and (sizes.count(-1) > 1 or 0 in sizes):
            yield name, f"{quote(sizes)} is not a shape: at most one entry may be -1, and none 0"


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
