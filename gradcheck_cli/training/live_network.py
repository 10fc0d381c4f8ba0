"""Describes a network that nobody wrote down, from one forward pass; it trains and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from gradcheck_cli.recording.description import LayerDescription, ParameterDescription
from gradcheck_cli.recording.symmetry import is_symmetric
from gradcheck_cli.training.data_flow import parents
from gradcheck_cli.training.found_layers import FoundLayer, find_layers, first_tensor, tensors_in
from gradcheck_cli.training.network_layout import Trace, arrange
from gradcheck_cli.training.offsets import BuiltLayer, layers_with_removed_bias, without_effect


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
    owners = [name for name, layer in found.items() if not layer.is_whole]
    unused = tuple(name for name in found if not calls.counts[name])
    order = list(dict.fromkeys([*owners, *calls.order, *found]))
    described = {one.name: one for one in _describe_all([found[name] for name in order], calls, path=path)}
    modules = {name: found[name].observed for name in order}
    marked = _mark_removed_biases(arrange(described, _trace(calls, output, x), path=path), modules)
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
        handles.append(layer.module.register_forward_hook(partial(_after, calls, layer)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _before(calls: _Calls, name: str, _module: nn.Module, arguments: Any, keywords: Any) -> None:
    calls.counts[name] += 1
    tensor = first_tensor([arguments, keywords])
    if calls.counts[name] == 1 and tensor is not None:
        calls.inputs[name], calls.sources[name] = tensor, tensor.grad_fn


def _after(calls: _Calls, layer: FoundLayer, _module: nn.Module, _inputs: Any, output: Any) -> None:
    name = layer.name
    # What encloses a layer may pass on the very tensor that the layer made.
    if name in calls.outputs or not layer.is_whole or (tensor := first_tensor(output)) is None:
        return
    calls.outputs[name] = tensor
    calls.order.append(name)
    calls.nodes.update({one.grad_fn: name for one in tensors_in(output) if one.grad_fn is not None})


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


def _trace(calls: _Calls, output: Any, x: Tensor) -> Trace:
    end = first_tensor(output)
    tokens = {node for node, name in calls.nodes.items() if calls.sources.get(name) is None}
    return Trace(
        order=tuple(calls.order),
        outputs=calls.nodes,
        inputs=calls.sources,
        end=None if end is None else end.grad_fn,
        # Tokens have no gradient: paths begin at the layers that take them.
        sources=frozenset(parents(x.view_as(x).grad_fn) if x.requires_grad else tokens),
        repeated=frozenset(name for name, count in calls.counts.items() if count > 1),
    )


def _mark_removed_biases(
    layers: Sequence[LayerDescription], modules: Mapping[str, nn.Module]
) -> tuple[LayerDescription, ...]:
    """Biases that the normalisation right behind takes away again."""
    removed: set[str] = set()
    for _, run in groupby(layers, key=lambda layer: (layer.parent, layer.name in modules)):
        built = [BuiltLayer(layer, modules[layer.name]) for layer in run if layer.name in modules]
        removed.update(layers_with_removed_bias(built))
    return tuple(without_effect(layer) if layer.name in removed else layer for layer in layers)


def _row_shape(tensor: Tensor | None) -> tuple[int, ...] | None:
    return tuple(tensor.shape[1:]) if tensor is not None and tensor.dim() else None


def _detach(output: Any) -> Any:
    return output.detach() if isinstance(output, Tensor) else output
