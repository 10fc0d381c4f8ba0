"""Reads the entries of `layers`, whatever their nesting; names across the model are checked elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gradcheck_cli.config import ranges
from gradcheck_cli.config.catalog import LAYERS, Parameter, Signature
from gradcheck_cli.config.component_reading import find_type, read_arguments, read_initializer, with_ranges
from gradcheck_cli.config.fields import read_fields
from gradcheck_cli.config.hints import COMPONENT, LAYER, hint_for_type
from gradcheck_cli.config.initializer_checks import check_initializers
from gradcheck_cli.config.layer_checks import check_arguments
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.own_layers import OWN_LAYERS, find_layer
from gradcheck_cli.config.quoting import list_names, quote
from gradcheck_cli.config.schema import GROUP, LayerConfig
from gradcheck_cli.config.values import read_value

DEEPEST = 32
MOST_LAYERS = 10_000

LAYER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_REPEAT = Parameter(
    "repeat", ("int",), default=1, range=f"[1, {MOST_LAYERS}]", help="Write this entry out so many times."
)
RESERVED = {
    "repeat": _REPEAT,
    "name": Parameter(
        "name", ("str", "null"), help="Name of the layer in reports; copies are called name.0, name.1 and so on."
    ),
    "trainable": Parameter("trainable", ("bool",), default=True, help="false freezes the weights."),
}
INNER = {"Residual": ("layers", "shortcut"), "Concat": ("branches",), GROUP: ("layers",)}
INITIALIZER_KEYS = ("weight_init", "bias_init")


@dataclass(frozen=True)
class _Inner:
    """The layers inside an entry."""

    layers: tuple[LayerConfig, ...] = ()
    shortcut: tuple[LayerConfig, ...] = ()
    branches: tuple[tuple[LayerConfig, ...], ...] = ()


def read_layers(node: Node, *, depth: int = 0, may_be_empty: bool = False) -> tuple[LayerConfig, ...]:
    """The entries of a list of layers; those that cannot be understood are reported and left out."""
    if depth > DEEPEST:
        node.report(f"layers are nested more than {DEEPEST} deep")
        return ()
    if not isinstance(node.value, list):
        given = "nothing is given" if node.value is None else f"{quote(node.value)} is not a list"
        node.report(given, allowed="a list of layers")
        return ()
    if not node.value and not may_be_empty:
        node.report("the list of layers is empty", allowed="at least one layer")
    if len(node.value) > MOST_LAYERS:
        node.report(f"{len(node.value)} layers are too many", allowed=f"at most {MOST_LAYERS}")
        return ()
    layers = (_read_layer(node.child(index), depth=depth) for index in range(len(node.value)))
    return tuple(layer for layer in layers if layer is not None)


def _read_layer(node: Node, *, depth: int) -> LayerConfig | None:
    if isinstance(node.value, dict) and "type" not in node.value and {"layers", "repeat"} & node.value.keys():
        return _read_group(node, depth=depth)
    if (found := find_type(node, what="a layer")) is None:
        return None
    name, place = found
    if (signature := find_layer(name)) is None:
        _report_unknown_type(place, name)
        return None
    return _read_typed(node, signature, depth=depth)


def _report_unknown_type(place: Node, name: str) -> None:
    if reason := LAYERS.left_out.get(name):
        place.report(f"{name} cannot be used: {reason}")
        return
    candidates = {**LAYERS, **OWN_LAYERS}
    allowed = f"the layers of torch.nn that take one tensor, {list_names(OWN_LAYERS)}"
    place.report(f"unknown layer {quote(name)}", allowed=allowed, hint=hint_for_type(name, "layers", candidates))


def _read_group(node: Node, *, depth: int) -> LayerConfig:
    parameters = {name: RESERVED[name] for name in ("repeat", "trainable")}
    hints = {**COMPONENT, **LAYER, "name": "name the layers in the group", **_misplaced("name")}
    values = read_fields(node, parameters, owner="a group", reserved=("layers",), required=("layers",), dialect=hints)
    layers = read_layers(node.child("layers"), depth=depth + 1) if "layers" in node.value else ()
    return LayerConfig(type=GROUP, path=node.path, layers=layers, **values)


def _misplaced(*names: str) -> dict[str, str]:
    return dict.fromkeys((*INITIALIZER_KEYS, *names), "write it on the layers in the group")


def _read_typed(node: Node, signature: Signature, *, depth: int) -> LayerConfig:
    inner = INNER.get(signature.name, ())
    reserved = ("type", *RESERVED, *(INITIALIZER_KEYS if signature.weight_dimensions else ()), *inner)
    entry = node if isinstance(node.value, dict) else replace(node, value={})
    given = {key: entry.child(key) for key in entry.value if isinstance(key, str)}
    arguments = read_arguments(
        node,
        signature,
        layer_parameters(signature),
        dialect=_hints(signature),
        reserved=reserved,
        required_keys=inner[:1],
    )
    check_arguments(node, signature, arguments)
    values = {name: read_value(given[name], RESERVED[name]) for name in RESERVED if name in given}
    if values.get("name") is not None and not LAYER_NAME.fullmatch(values["name"]):
        allowed = "letters, digits, '_' and '-', at most 64, and no digit first"
        given["name"].report(f"{quote(values['name'])} cannot be the name of a layer", allowed=allowed)
    initializers = {
        name: read_initializer(given[name]) for name in INITIALIZER_KEYS if name in given and name in reserved
    }
    check_initializers(node, signature, arguments, initializers)
    parts: dict[str, Any] = {**vars(_read_inner(node, signature, depth=depth)), **initializers}
    return LayerConfig(type=signature.name, arguments=arguments, path=node.path, **values, **parts)


def _hints(signature: Signature) -> dict[str, str]:
    """What to say of keys that stand on other layers only."""
    hints = {
        "layers": "'layers' stands on Residual, or in a group without a type",
        "shortcut": "'shortcut' stands on Residual",
        "branches": "'branches' stands on Concat",
    }
    if not signature.weight_dimensions:
        reason = "write it on the layers inside" if signature.name in INNER else f"{signature.name} has no weights"
        hints |= dict.fromkeys(INITIALIZER_KEYS, reason)
    # A hint that names an argument is of use only where the layer has it.
    dialect = {key: text for key, text in LAYER.items() if not _names_another_argument(text, signature)}
    return {**dialect, **hints}


def _names_another_argument(text: str, signature: Signature) -> bool:
    named = re.findall(r"^write '(\w+)'", text)
    return bool(named) and named[0] not in signature.parameters and named[0] not in (*RESERVED, *INITIALIZER_KEYS)


def _read_inner(node: Node, signature: Signature, *, depth: int) -> _Inner:
    if signature.name not in INNER:
        return _Inner()
    entry: Mapping[Any, Any] = node.value if isinstance(node.value, dict) else {}
    if INNER[signature.name][0] not in entry:
        return _Inner()
    if signature.name == "Concat":
        return _Inner(branches=_read_branches(node.child("branches"), depth=depth + 1))
    layers = read_layers(node.child("layers"), depth=depth + 1)
    has_shortcut = entry.get("shortcut") is not None
    shortcut = read_layers(node.child("shortcut"), depth=depth + 1, may_be_empty=True) if has_shortcut else ()
    return _Inner(layers=layers, shortcut=shortcut)


def _read_branches(node: Node, *, depth: int) -> tuple[tuple[LayerConfig, ...], ...]:
    if not isinstance(node.value, list) or not node.value:
        node.report(f"{quote(node.value)} is not a list of branches", allowed="a list of lists of layers")
        return ()
    branches = range(len(node.value))
    return tuple(read_layers(node.child(index), depth=depth + 1, may_be_empty=True) for index in branches)


def layer_parameters(signature: Signature) -> dict[str, Parameter]:
    """The arguments of a layer type with the range that each must lie in."""
    parameters = with_ranges(signature, ranges.LAYERS)
    if "padding" in parameters and signature.kind in ("convolution", "pooling"):
        parameters["padding"] = replace(parameters["padding"], range=ranges.PADDING)
    return parameters
