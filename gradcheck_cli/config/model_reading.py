"""Reads the model and checks what concerns all its layers: names, number, default initialisers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcheck_cli.config.component_reading import read_initializer
from gradcheck_cli.config.factory_reading import read_args, read_factory
from gradcheck_cli.config.fields import is_mapping, read_fields
from gradcheck_cli.config.hints import COMPONENT, MODEL
from gradcheck_cli.config.initializer_checks import DEFAULT_KINDS, fits, report_misfit
from gradcheck_cli.config.layer_reading import MOST_LAYERS, read_layers
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.config.paths import split_path
from gradcheck_cli.config.quoting import quote
from gradcheck_cli.config.schema import GROUP, LayerConfig, ModelConfig

KEYS = ("layers", "weight_init", "bias_init")
FACTORY_KEYS = ("factory", "args")


def read_model(node: Node) -> ModelConfig | None:
    """The network; None where it is no mapping."""
    if isinstance(node.value, list):
        node.report("a list is not a model", hint="write the layers under 'model.layers'")
        return None
    if not is_mapping(node, what="the model", allowed=KEYS):
        return None
    if "factory" in node.value:
        return _read_made_elsewhere(node)
    hints = {**COMPONENT, **MODEL}
    read_fields(node, {}, owner="model", reserved=KEYS, required=("layers",), dialect=hints)
    if "layers" not in node.value:
        return None
    layers = read_layers(node.child("layers"))
    model = ModelConfig(
        layers=layers,
        weight_init=read_initializer(node.child("weight_init")),
        bias_init=read_initializer(node.child("bias_init")),
    )
    _check_names(node, layers)
    _check_count(node, layers)
    _check_defaults(node, model)
    return model


def _read_made_elsewhere(node: Node) -> ModelConfig | None:
    """A network that the user's own code makes: there are no layers to initialise by name."""
    for key in KEYS:
        if key in node.value:
            message = f"{quote(key)} has no meaning beside 'factory', which makes the network"
            node.child(key).report_key(message, hint="leave one of the two out")
    read_fields(node, {}, owner="model", reserved=(*FACTORY_KEYS, *KEYS), dialect=MODEL)
    factory, args = read_factory(node.child("factory")), read_args(node.child("args"))
    return None if factory is None else ModelConfig(factory=factory, args=args)


def walk_entries(entries: Iterable[LayerConfig]) -> Iterator[LayerConfig]:
    """All entries as written, groups and containers before what is in them."""
    for entry in entries:
        yield entry
        yield from walk_entries(entry.layers)
        for branch in entry.branches:
            yield from walk_entries(branch)
        yield from walk_entries(entry.shortcut)


def count_layers(entries: Iterable[LayerConfig]) -> int:
    """How many layers there are once repeats are written out; a group itself is none."""
    return sum(
        entry.repeat
        * (
            (entry.type != GROUP)
            + count_layers(entry.layers)
            + sum(map(count_layers, entry.branches))
            + count_layers(entry.shortcut)
        )
        for entry in entries
    )


def _place(node: Node, entry: LayerConfig) -> Node:
    place = node
    for step in split_path(entry.path)[len(node.steps) :]:
        place = place.child(step)
    return place


def _check_names(node: Node, layers: tuple[LayerConfig, ...]) -> None:
    first: dict[str, str] = {}
    for entry in walk_entries(layers):
        if entry.name is None:
            continue
        if entry.name in first:
            message = f"the name {quote(entry.name)} is taken by {first[entry.name]}"
            _place(node, entry).child("name").report(message, allowed="a name of its own")
        first.setdefault(entry.name, entry.path)


def _check_count(node: Node, layers: tuple[LayerConfig, ...]) -> None:
    count = count_layers(layers)
    if count > MOST_LAYERS:
        message = f"with all repeats written out there are {quote(count)} layers"
        node.child("layers").report(message, allowed=f"at most {MOST_LAYERS}")


def _check_defaults(node: Node, model: ModelConfig) -> None:
    """Report a default initialiser that a layer it reaches cannot take."""
    if model.bias_init is not None:
        report_misfit(node.child("bias_init"), model.bias_init.type, 1, of="a bias")
    if model.weight_init is None:
        return
    for entry in walk_entries(model.layers):
        signature = find_layer(entry.type)
        if signature is None or signature.kind not in DEFAULT_KINDS or entry.weight_init is not None:
            continue
        if not fits(model.weight_init.type, signature.weight_dimensions):
            of = f"the weight of {entry.type} at {entry.path}"
            report_misfit(node.child("weight_init"), model.weight_init.type, signature.weight_dimensions, of=of)
            return
