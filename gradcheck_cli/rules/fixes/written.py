"""The layers of a config as written, in forward order, with what a suggestion must know of each; it changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gradcheck_cli.config.layers import expand
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.config.schema import Component, Config, LayerConfig
from gradcheck_cli.config.sizes import input_shape
from gradcheck_cli.config.sources import has_tokens
from gradcheck_cli.recording.description import LayerKind

WEIGHTED = frozenset({LayerKind.AFFINE, LayerKind.CONVOLUTION})


class Form(StrEnum):
    """What one sample looks like behind a layer."""

    VECTOR = "vector"
    SEQUENCE = "sequence"
    IMAGE = "image"


@dataclass(frozen=True)
class Written:
    """One written layer.

    Attributes:
        form: What its output looks like, as far as the config tells.
        follower: Type of the next entry of the same list; empty at its end.
        inside: Whether a Residual or Concat encloses it.
        hidden: Whether a layer with weights comes after it, so that it is not part of the output.
    """

    layer: LayerConfig
    kind: LayerKind
    form: Form
    follower: str
    inside: bool
    hidden: bool


def written_layers(config: Config) -> tuple[Written, ...]:
    """All layers but plain groups, each once however often it is repeated."""
    entries = list(_walk(config.model.layers, inside=False))
    kinds = [kind_of(layer.type) for layer, _, _ in entries]
    last = max((index for index, kind in enumerate(kinds) if kind in WEIGHTED), default=-1)
    form, written = _source_form(config), []
    for index, ((layer, follower, inside), kind) in enumerate(zip(entries, kinds, strict=True)):
        form = _form_behind(layer, kind, form)
        written.append(Written(layer, kind, form, follower, inside=inside, hidden=index < last))
    return tuple(written)


def kind_of(type: str) -> LayerKind:
    """What a layer type does; OTHER for one that is not known."""
    signature = find_layer(type)
    return LayerKind(signature.kind) if signature is not None and signature.kind else LayerKind.OTHER


def after(path: str) -> str:
    """The place in the list behind the entry at `path`: `layers[2]` to `layers[3]`."""
    match = re.fullmatch(r"(.*\[)(\d+)\]", path)
    assert match is not None, path
    return f"{match[1]}{int(match[2]) + 1}]"


def write_entry(layer: LayerConfig, *, named: bool = True) -> Any:
    """The entry of one plain layer as a config has it, without its repetition; a bare type where that says it all."""
    inits = {"weight_init": layer.weight_init, "bias_init": layer.bias_init}
    entry = {
        "type": layer.type,
        **layer.arguments,
        **({"name": layer.name} if named and layer.name is not None else {}),
        **({} if layer.trainable else {"trainable": False}),
        **{key: _write_component(value) for key, value in inits.items() if value is not None},
    }
    return entry if len(entry) > 1 else layer.type


def _write_component(component: Component) -> Any:
    return {"type": component.type, **component.arguments} if component.arguments else component.type


def _walk(layers: Iterable[LayerConfig], *, inside: bool) -> Iterator[tuple[LayerConfig, str, bool]]:
    entries = list(layers)
    followers = [*(entry.type for entry in entries[1:]), ""]
    for layer, follower in zip(entries, followers, strict=False):
        nested = inside or bool(layer.branches) or layer.type == "Residual"
        for group in (layer.layers, *layer.branches, layer.shortcut):
            yield from _walk(group, inside=nested)
        if layer.type != "Group":
            yield layer, follower, inside


def _source_form(config: Config) -> Form:
    """By the shape of one row; a vector where only the file tells."""
    if has_tokens(config.data):
        return Form.SEQUENCE
    return {2: Form.SEQUENCE, 3: Form.IMAGE}.get(len(input_shape(config) or ()), Form.VECTOR)


def _form_behind(layer: LayerConfig, kind: LayerKind, form: Form) -> Form:
    if kind in (LayerKind.EMBEDDING, LayerKind.RECURRENT, LayerKind.ATTENTION):
        return Form.SEQUENCE
    if kind is LayerKind.CONVOLUTION:
        return Form.IMAGE
    if layer.type in ("LastStep", "MeanOverTime"):
        return Form.VECTOR
    if layer.type == "Flatten":
        return Form.SEQUENCE if layer.arguments.get("end_dim", -1) != -1 else Form.VECTOR
    if layer.type == "Reshape":
        return {1: Form.VECTOR, 2: Form.SEQUENCE}.get(len(layer.arguments.get("shape", ())), Form.IMAGE)
    return form


def is_written_for_one(config: Config, path: str) -> bool:
    """Whether the entry at `path` stands for a single layer: neither it nor a group around it is repeated."""
    return sum(layer.path == path for top in expand(config.model) for layer in top.walk()) == 1
