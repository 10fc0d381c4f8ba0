"""The layers of a config as they will be built: groups written out, names settled; it builds nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck_cli.config.initializer_checks import DEFAULT_KINDS, has_bias, has_weight
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.config.schema import GROUP, Component, LayerConfig, ModelConfig


@dataclass(frozen=True)
class Layer:
    """One layer to build.

    Attributes:
        name: Unique: the user's (`fc1`; copies `fc1.0`, `fc1.1`), else type and ordinal (`linear_1`).
        type: A torch.nn class name or one of our own types.
        ordinal: From 1 among the layers of its type, in forward order.
        arguments: As written, without reserved keys.
        path: Config path of the place where it is written; copies share it.
        weight_init, bias_init: What holds for this layer, the model's default included where it reaches; else None.
        trainable: False where it or an enclosing entry is frozen.
        layers, shortcut: Of a `Residual`.
        branches: Of a `Concat`.
    """

    name: str
    type: str
    ordinal: int
    path: str
    arguments: dict[str, Any] = field(default_factory=dict)
    weight_init: Component | None = None
    bias_init: Component | None = None
    trainable: bool = True
    layers: tuple[Layer, ...] = ()
    shortcut: tuple[Layer, ...] = ()
    branches: tuple[tuple[Layer, ...], ...] = ()

    def walk(self) -> Iterator[Layer]:
        """Inner layers in forward order (shortcut last), then this one."""
        for group in (self.layers, *self.branches, self.shortcut):
            for layer in group:
                yield from layer.walk()
        yield self


@dataclass(frozen=True)
class _Scope:
    """What enclosing entries say of the layers in them: the copy's number for each repeat, and whether they train."""

    copies: tuple[int, ...] = ()
    trainable: bool = True

    def inside(self, entry: LayerConfig, copy: int) -> _Scope:
        copies = (*self.copies, copy) if entry.repeat > 1 else self.copies
        return _Scope(copies, self.trainable and entry.trainable)


def expand(model: ModelConfig) -> tuple[Layer, ...]:
    """Write out groups and repeats and settle the names.

    A named layer takes the number of its copy for each repeat around it, the outermost first: `fc1.0.1`. A layer
    without a name is called by its type in lower case and its ordinal, `linear_1`; where the user has given that name
    to another layer, an underscore follows.
    """
    ordinals: Counter[str] = Counter()
    layers = tuple(_write_out(model.layers, _Scope(), model, ordinals))
    taken = {layer.name for top in layers for layer in top.walk() if layer.name}
    return tuple(_with_names(layer, taken) for layer in layers)


def _write_out(
    entries: Iterable[LayerConfig], scope: _Scope, model: ModelConfig, ordinals: Counter[str]
) -> Iterator[Layer]:
    for entry in entries:
        for copy in range(entry.repeat):
            inside = scope.inside(entry, copy)
            if entry.type == GROUP:
                yield from _write_out(entry.layers, inside, model, ordinals)
            else:
                yield _make_layer(entry, inside, model, ordinals)


def _make_layer(entry: LayerConfig, scope: _Scope, model: ModelConfig, ordinals: Counter[str]) -> Layer:
    """A layer with its inner ones; the name stays empty where the user gave none."""
    inner = tuple(_write_out(entry.layers, scope, model, ordinals))
    branches = tuple(tuple(_write_out(branch, scope, model, ordinals)) for branch in entry.branches)
    shortcut = tuple(_write_out(entry.shortcut, scope, model, ordinals))
    ordinals[entry.type] += 1
    weight_init, bias_init = _initializers(entry, model)
    return Layer(
        name=".".join([entry.name, *map(str, scope.copies)]) if entry.name else "",
        type=entry.type,
        ordinal=ordinals[entry.type],
        path=entry.path,
        arguments=entry.arguments,
        weight_init=weight_init,
        bias_init=bias_init,
        trainable=scope.trainable,
        layers=inner,
        shortcut=shortcut,
        branches=branches,
    )


def _initializers(entry: LayerConfig, model: ModelConfig) -> tuple[Component | None, Component | None]:
    """The layer's own initialisers, else the model's where they reach: linear and convolution layers."""
    signature = find_layer(entry.type)
    if signature is None or signature.kind not in DEFAULT_KINDS:
        return entry.weight_init, entry.bias_init
    weight = entry.weight_init or (model.weight_init if has_weight(signature, entry.arguments) else None)
    bias = entry.bias_init or (model.bias_init if has_bias(signature, entry.arguments) else None)
    return weight, bias


def _with_names(layer: Layer, taken: set[str]) -> Layer:
    name = layer.name or f"{layer.type.lower()}_{layer.ordinal}"
    while not layer.name and name in taken:
        name += "_"
    return replace(
        layer,
        name=name,
        layers=tuple(_with_names(inner, taken) for inner in layer.layers),
        shortcut=tuple(_with_names(inner, taken) for inner in layer.shortcut),
        branches=tuple(tuple(_with_names(inner, taken) for inner in branch) for branch in layer.branches),
    )
