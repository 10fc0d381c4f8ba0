"""Reads the keys of one mapping against a table of parameters; it knows no particular key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gradcheck_cli.config.catalog import Parameter, left_out_arguments
from gradcheck_cli.config.hints import hint_for_key
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.quoting import list_names, quote
from gradcheck_cli.config.values import describe, read_value

_MOST_KEYS = 200


def entries(node: Node) -> Iterator[tuple[str, Node]]:
    """The keys of a mapping with their nodes; keys that are not text are reported."""
    for key in list(node.value)[:_MOST_KEYS]:
        if isinstance(key, str):
            yield key, node.child(key)
        else:
            node.report(f"the key {quote(key)} is not text", hint="write it in quotes if text is meant")


def is_mapping(node: Node, *, what: str, allowed: Collection[str]) -> bool:
    """Whether the value is a mapping; reported where it is not."""
    if isinstance(node.value, dict):
        return True
    message = f"nothing is given for {what}" if node.value is None else f"{quote(node.value)} is not a mapping"
    node.report(message, allowed=f"a mapping with {list_names(allowed)}")
    return False


def report_unknown(
    node: Node, *, owner: str, allowed: Collection[str], dialect: Mapping[str, str], word: str = "key"
) -> str:
    """Report the key of `node`, which `owner` does not have.

    Returns:
        The hint that was given; may be empty.
    """
    key = str(node.steps[-1])
    listed = list_names(name for name in allowed if name != "type") or f"no {word}s"
    if word == "argument" and (reason := left_out_arguments().get(key)):
        node.report_key(f"the argument {quote(key)} of {owner} is not offered: {reason}", allowed=listed)
        return ""
    hint = hint_for_key(key, dialect, allowed)
    node.report_key(f"unknown {word} {quote(key)} of {owner}", allowed=listed, hint=hint)
    return hint


def read_fields(
    node: Node,
    parameters: Mapping[str, Parameter],
    *,
    owner: str,
    reserved: Collection[str] = (),
    required: Collection[str] = (),
    dialect: Mapping[str, str] | None = None,
    word: str = "key",
) -> dict[str, Any]:
    """The values of the keys that are there, by name.

    Unknown keys, missing keys and wrong values are reported; a missing key is not where an unknown one seems to be
    meant for it.

    Args:
        node: A mapping.
        parameters: The keys to read.
        owner: Whose keys they are, for messages.
        reserved: Further keys, which somebody else reads.
        required: Those of the reserved keys that must be there.
        dialect: Keys of other tools, with what to write instead.
        word: `key`, or `argument` for those of a torch type.
    """
    values: dict[str, Any] = {}
    hints = []
    for key, child in entries(node):
        if key in parameters:
            values[key] = read_value(child, parameters[key])
        elif key not in reserved:
            allowed = (*parameters, *reserved)
            hints.append(report_unknown(child, owner=owner, allowed=allowed, dialect=dialect or {}, word=word))
    needed = (*(name for name, parameter in parameters.items() if parameter.required), *required)
    for name in needed:
        if name not in node.value and not any(quote(name) in hint for hint in hints):
            allowed_value = describe(parameters[name], ranged=True) if name in parameters else ""
            node.report(f"{owner} needs {quote(name)}, which is missing", allowed=allowed_value)
    return values
