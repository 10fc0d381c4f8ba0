"""Describes a network that nobody wrote down, from one forward pass; it trains and changes nothing.

Between layers stands what functions do (`F.relu`, `x + y`): as a layer of its own that no module stands for, so that
rules do not take layers for neighbours that are none. Layers that some path bypasses are put into a `Residual`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.recording.description import LayerDescription, LayerKind, ParameterDescription
from gradcheck_cli.training.data_flow import find_bypassed, layer_type_of, operations_since, parents
from gradcheck_cli.training.found_layers import FoundLayer, find_layers
from gradcheck_cli.training.offsets import BuiltLayer, layers_with_removed_bias, without_effect
from gradcheck_cli.training.symmetry import is_symmetric

FUNCTION = "Function"
"""Type of what happens between layers and is no layer of torch.nn."""
_JOINS = (("Add",), ("Cat",))


@dataclass(frozen=True)
class LiveNetwork:
    """A network as found.

    Attributes:
        modules: Layer name to module, in forward order.
        layers: Their descriptions, with functions between them and `Residual`s around those that are bypassed.
        output: What the network made of the rows.
        unused: Names of layers that the forward pass did not call.
    """

    modules: Mapping[str, nn.Module]
    layers: tuple[LayerDescription, ...]
    output: Any
    unused: tuple[str, ...] = ()


@dataclass(eq=False)
class _Calls:
    """The first call of each layer, in order."""

    order: list[str] = field(default_factory=list)
    inputs: dict[str, Tensor] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    sources: dict[str, Any] = field(default_factory=dict)
    nodes: dict[Any, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def describe_network(network: nn.Module, rows: Tensor, *, path: str | None) -> LiveNetwork:
    """Run the network once, in evaluation mode, and describe it.

    Args:
        rows: `[n, ...]`, n of at least 2.
        path: Config path that stands for all layers.
    """
    found = {layer.name: layer for layer in find_layers(network)}
    calls = _Calls()
    x = rows.clone().requires_grad_() if rows.is_floating_point() else rows
    with _as_evaluated(network), _watched(found, calls), torch.enable_grad():
        output = network(x)
    order = [*calls.order, *(name for name in found if name not in calls.order)]
    described = {one.name: one for one in _describe_all([found[name] for name in order], calls, path=path)}
    layers = _arrange(described, calls, output, x, path=path)
    marked = _mark_removed_biases(layers, {name: found[name].module for name in order})
    modules = {name: found[name].module for name in order}
    unused = tuple(name for name in found if name not in calls.order)
    return LiveNetwork(modules, marked, _detach(output), unused)


@contextmanager
def _as_evaluated(network: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def _watched(found: Mapping[str, FoundLayer], calls: _Calls) -> Iterator[None]:
    handles = []
    for name, layer in found.items():
        handles.append(layer.module.register_forward_pre_hook(partial(_before, calls, name), with_kwargs=True))
        handles.append(layer.module.register_forward_hook(partial(_after, calls, name)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _before(calls: _Calls, name: str, _module: nn.Module, arguments: Any, keywords: Any) -> None:
    calls.counts[name] += 1
    tensor = _first_tensor([arguments, keywords])
    if calls.counts[name] == 1 and tensor is not None:
        calls.inputs[name], calls.sources[name] = tensor, tensor.grad_fn


def _after(calls: _Calls, name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
    if name in calls.order:
        return
    calls.order.append(name)
    tensor = _first_tensor(output)
    if tensor is not None:
        calls.outputs[name] = tensor
        if tensor.grad_fn is not None:
            calls.nodes[tensor.grad_fn] = name


def _describe_all(layers: Sequence[FoundLayer], calls: _Calls, *, path: str | None) -> Iterator[LayerDescription]:
    ordinals: Counter[str] = Counter()
    names: dict[int, str] = {}
    for layer in layers:
        ordinals[layer.type] += 1
        parameters = tuple(_describe_parameter(layer, name, tensor, names) for name, tensor in layer.parameters)
        yield LayerDescription(
            name=layer.name,
            type=layer.type,
            kind=layer.kind,
            ordinal=ordinals[layer.type],
            arguments=layer.arguments,
            path=path,
            input_shape=_row_shape(calls.inputs.get(layer.name)),
            output_shape=_row_shape(calls.outputs.get(layer.name)),
            parameters=parameters,
            trainable=not parameters or any(one.trainable for one in parameters),
        )


def _describe_parameter(layer: FoundLayer, name: str, tensor: Tensor, names: dict[int, str]) -> ParameterDescription:
    """Tied tensors belong to the first layer that has them."""
    full = f"{layer.name}.{name}"
    first = names.setdefault(id(tensor), full)
    return ParameterDescription(
        name=full,
        layer=layer.name,
        shape=tuple(tensor.shape),
        trainable=tensor.requires_grad,
        alias_of=None if first == full else first,
        init_std=float(tensor.detach().float().std(correction=0)) if tensor.numel() > 1 else None,
        init_symmetric=is_symmetric(tensor, layer.module),
    )


def _arrange(
    described: Mapping[str, LayerDescription], calls: _Calls, output: Any, x: Tensor, *, path: str | None
) -> tuple[LayerDescription, ...]:
    """Put functions between the layers, and what is bypassed into a `Residual` each."""
    names = _Names(described)
    end = _first_tensor(output)
    node = None if end is None else end.grad_fn
    sources = _find_sources(calls, x)
    bypassed = _find_bypassed(node, calls, sources)
    between = partial(_between, calls=calls, names=names, path=path, bypassed=bypassed, sources=sources)
    entries: list[LayerDescription] = []
    last: str | None = None
    for name in calls.order:
        entries += between(last, calls.sources.get(name)) if last else []
        entries.append(described[name])
        last = name
    entries += between(last, node) if last else []
    entries += [one for name, one in described.items() if name not in calls.order]
    # A function between two layers that are bypassed is bypassed with them.
    is_inside = [
        entry.name in bypassed or (entry.name not in described and _inside(entries, at, bypassed))
        for at, entry in enumerate(entries)
    ]
    arranged: list[LayerDescription] = []
    for inside, group in groupby(zip(entries, is_inside, strict=True), key=lambda pair: pair[1]):
        layers = [entry for entry, _ in group]
        if not inside:
            arranged += layers
            continue
        block = LayerDescription(names.take("residual"), "Residual", LayerKind.RESIDUAL, path=path)
        arranged += [replace(layer, parent=block.name, branch="main") for layer in layers]
        arranged.append(replace(block, input_shape=layers[0].input_shape, output_shape=layers[-1].output_shape))
    return tuple(arranged)


def _inside(entries: Sequence[LayerDescription], at: int, bypassed: set[str]) -> bool:
    return 0 < at < len(entries) - 1 and entries[at - 1].name in bypassed and entries[at + 1].name in bypassed


def _between(
    last: str,
    node: Any,
    *,
    calls: _Calls,
    names: _Names,
    path: str | None,
    bypassed: set[str],
    sources: set[Any],
) -> list[LayerDescription]:
    """What functions do between a layer and the next, or the output; nothing where they only change a shape.

    Where a block that is bypassed ends, its own sum is no function more.
    """
    origin, operations = operations_since(node, calls.nodes, sources=sources)
    is_straight = origin is not None and origin == last and calls.counts[origin] == 1
    if origin is None and last in bypassed and operations[-1:] in _JOINS:
        is_straight, operations = True, operations[:-1]
    if is_straight and not operations:
        return []
    type_name = layer_type_of(operations) if is_straight else ""
    signature = find_layer(type_name)
    return [
        LayerDescription(
            name=names.take(type_name.lower() if type_name else "function"),
            type=type_name or FUNCTION,
            kind=LayerKind(signature.kind) if signature else LayerKind.OTHER,
            arguments={} if type_name else {"operations": list(reversed(operations))},
            path=path,
        )
    ]


def _find_sources(calls: _Calls, x: Tensor) -> set[Any]:
    """Where paths begin: the input, or, where that is tokens, the layers that take them."""
    if x.requires_grad:
        return set(parents(x.view_as(x).grad_fn))
    return {node for node, name in calls.nodes.items() if calls.sources.get(name) is None}


def _find_bypassed(node: Any, calls: _Calls, sources: set[Any]) -> set[str]:
    """All layers where torch knows nothing of the way to the output."""
    if node is None:
        return set(calls.order)
    return find_bypassed(node, calls.nodes, sources=sources) | (set(calls.order) - set(calls.nodes.values()))


class _Names:
    """Names that no layer has."""

    def __init__(self, taken: Mapping[str, object]) -> None:
        self._taken, self._counts = set(taken), Counter[str]()

    def take(self, word: str) -> str:
        """`word_1`, `word_2`, ..."""
        self._counts[word] += 1
        name = f"{word}_{self._counts[word]}"
        return name if name not in self._taken else self.take(word)


def _mark_removed_biases(
    layers: Sequence[LayerDescription], modules: Mapping[str, nn.Module]
) -> tuple[LayerDescription, ...]:
    """Biases that the normalisation right behind takes away again."""
    removed: set[str] = set()
    for _, run in groupby(layers, key=lambda layer: (layer.parent, layer.name in modules)):
        built = [BuiltLayer(layer, modules[layer.name]) for layer in run if layer.name in modules]
        removed.update(layers_with_removed_bias(built))
    return tuple(without_effect(layer) if layer.name in removed else layer for layer in layers)


def _first_tensor(nested: Any) -> Tensor | None:
    if isinstance(nested, Tensor):
        return nested
    values = nested.values() if isinstance(nested, Mapping) else nested if isinstance(nested, list | tuple) else ()
    return next((found for value in values if (found := _first_tensor(value)) is not None), None)


def _row_shape(tensor: Tensor | None) -> tuple[int, ...] | None:
    return tuple(tensor.shape[1:]) if tensor is not None and tensor.dim() else None


def _detach(output: Any) -> Any:
    return output.detach() if isinstance(output, Tensor) else output
