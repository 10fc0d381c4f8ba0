"""Reads a type with its arguments: losses, optimizers, initialisers; it does not know how they fit together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from gradcheck_cli.config import ranges
from gradcheck_cli.config.catalog import INITIALIZERS, LOSSES, OPTIMIZERS, Parameter, Section, Signature
from gradcheck_cli.config.fields import read_fields
from gradcheck_cli.config.hints import COMPONENT, OPTIMIZER, hint_for_type
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.quoting import list_names, quote
from gradcheck_cli.config.schema import Component


def find_type(node: Node, *, what: str) -> tuple[str, Node] | None:
    """The type's name and the place where it is written: a bare string, or the key `type` of a mapping.

    Args:
        node: The whole entry.
        what: What is expected, such as `an optimizer`, for messages.
    """
    place = node
    if isinstance(node.value, dict):
        if "type" not in node.value:
            node.report(f"{what} needs 'type', which is missing", hint=_hint_for_missing_type(node.value))
            return None
        place = node.child("type")
    if isinstance(place.value, str):
        return place.value, place
    place.report(f"{quote(place.value)} is not the name of {what}", allowed="a name, or a mapping with 'type'")
    return None


def _hint_for_missing_type(entry: Mapping[Any, Any]) -> str:
    for key, value in entry.items():
        if isinstance(key, str) and key.casefold() in COMPONENT and isinstance(value, str):
            return f"write 'type: {value.rpartition('.')[2]}' instead of {key!r}"
    if len(entry) == 1 and isinstance(key := next(iter(entry)), str):
        return f"write {{type: {key}, ...}} with the arguments beside 'type'"
    return ""


def find_signature(place: Node, name: str, section: Section, *, kind: str, what: str) -> Signature | None:
    """The signature of a torch type; an unknown or unusable name is reported."""
    if name in section:
        return section[name]
    if reason := section.left_out.get(name):
        place.report(f"{name} cannot be used: {reason}", allowed=list_names(section))
    else:
        hint = hint_for_type(name, kind, section)
        place.report(f"unknown {what} {quote(name)}", allowed=list_names(section), hint=hint)
    return None


def with_ranges(
    signature: Signature, table: Mapping[str, str], *, required: Collection[str] = ()
) -> dict[str, Parameter]:
    """The parameters of a type with the range that each must lie in; those in `required` must be given."""
    return {
        name: replace(
            parameter,
            range=ranges.BY_TYPE.get((signature.name, name)) or table.get(name, ""),
            required=parameter.required or name in required,
        )
        for name, parameter in signature.parameters.items()
    }


def read_arguments(
    node: Node,
    signature: Signature,
    parameters: Mapping[str, Parameter],
    *,
    dialect: Mapping[str, str],
    reserved: Collection[str] = ("type",),
    required_keys: Collection[str] = (),
) -> dict[str, Any]:
    """The arguments written beside `type`; none where the entry is a bare string."""
    entry = node if isinstance(node.value, dict) else replace(node, value={})
    hints = {**COMPONENT, **dialect}
    return read_fields(
        entry,
        parameters,
        owner=signature.name,
        reserved=reserved,
        required=required_keys,
        dialect=hints,
        word="argument",
    )


def read_loss(node: Node) -> Component | None:
    """The loss; None where its type is not known."""
    if (found := find_type(node, what="a loss")) is None:
        return None
    signature = find_signature(found[1], found[0], LOSSES, kind="losses", what="loss")
    if signature is None:
        return None
    arguments = read_arguments(node, signature, with_ranges(signature, ranges.LOSSES), dialect={})
    return Component(type=signature.name, arguments=arguments)


def read_optimizer(node: Node) -> Component | None:
    """The optimizer; None where its type is not known."""
    if (found := find_type(node, what="an optimizer")) is None:
        return None
    signature = find_signature(found[1], found[0], OPTIMIZERS, kind="optimizers", what="optimizer")
    if signature is None:
        return None
    parameters = with_ranges(signature, ranges.OPTIMIZERS, required=("lr",))
    arguments = read_arguments(node, signature, parameters, dialect=OPTIMIZER)
    _check_optimizer(node, arguments)
    return Component(type=signature.name, arguments=arguments)


def _check_optimizer(node: Node, arguments: Mapping[str, Any]) -> None:
    """What torch refuses of several arguments together."""
    if arguments.get("nesterov") and not arguments.get("momentum"):
        node.child("nesterov").report("nesterov needs a momentum above 0", hint="add 'momentum: 0.9'")
    elif arguments.get("nesterov") and arguments.get("dampening"):
        node.child("nesterov").report("nesterov needs a dampening of 0")
    if arguments.get("foreach") and arguments.get("fused"):
        node.child("fused").report("foreach and fused cannot both be true")
    etas = arguments.get("etas")
    if etas and not etas[0] < 1 < etas[1]:
        node.child("etas").report(f"{quote(etas)} is not possible", allowed="a number below 1 and a number above 1")


def read_initializer(node: Node) -> Component | None:
    """An initialiser; None for null (torch's own default) and where its type is not known."""
    if node.value is None or (found := find_type(node, what="an initialiser")) is None:
        return None
    signature = find_signature(found[1], found[0], INITIALIZERS, kind="initializers", what="initialiser")
    if signature is None:
        return None
    arguments = read_arguments(node, signature, with_ranges(signature, ranges.INITIALIZERS), dialect={})
    low, high = arguments.get("a"), arguments.get("b")
    if low is not None and high is not None and low > high:
        node.child("b").report(f"{quote(high)} is below 'a', which is {quote(low)}", allowed="a number of at least 'a'")
    return Component(type=signature.name, arguments=arguments)
