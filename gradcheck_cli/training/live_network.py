"""Describes a network that nobody wrote down, from one forward pass; it trains and changes nothing.

What its layers are and what they hold is told by the live modules; the pass adds shapes, the order, and what lies
between and around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.recording.found_layers import find_layers, unwrap_model
from gradcheck_cli.recording.live_layers import describe_layers, number_layers
from gradcheck_cli.training.data_flow import parents
from gradcheck_cli.training.network_layout import Trace, arrange
from gradcheck_cli.training.offsets import BuiltLayer, layers_with_removed_bias, without_effect
from gradcheck_cli.training.watched_calls import Calls, first_tensor, watched


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


class OwnTensors(nn.Module):
    """Stands for the tensors that a module has beside the layers in it, and is never called.

    What such a module gives is what its last layer gives: it is not to be taken for the output of a layer of its own.
    """

    def __init__(self, owner: nn.Module) -> None:
        super().__init__()
        # Not as an inner module: that would make its layers this one's.
        object.__setattr__(self, "_owner", owner)

    def get_parameter(self, target: str) -> nn.Parameter:
        """As the owner has it now."""
        owner: nn.Module = self._owner  # type: ignore[assignment]
        return owner.get_parameter(target)


def describe_network(network: nn.Module, rows: Tensor, *, path: str | None) -> LiveNetwork:
    """Run the network once, in evaluation mode, and describe it.

    Args:
        network: May be wrapped by `torch.compile` or for data parallelism; it is run without these wrappers.
        rows: `[n, ...]`, n of at least 2.
        path: Config path that stands for all layers.
    """
    root, found = unwrap_model(network), {layer.name: layer for layer in find_layers(network)}
    x = rows.clone().requires_grad_() if rows.is_floating_point() else rows
    with _as_evaluated(root), watched(found.values()) as calls, torch.enable_grad():
        output = root(x)
    # Only now: lazy layers have their tensors from the first call on.
    described = {layer.name: _add_shapes(layer, calls, path=path) for layer in describe_layers(found.values())}
    owners = [name for name, layer in found.items() if not layer.is_whole]
    order = list(dict.fromkeys([*owners, *calls.order, *found]))
    modules = {name: found[name].module if found[name].is_whole else OwnTensors(found[name].module) for name in order}
    arranged = arrange({name: described[name] for name in order}, _trace(calls, output, x), path=path)
    return LiveNetwork(
        modules=modules,
        layers=tuple(number_layers(_mark_removed_biases(arranged, modules))),
        output=output.detach() if isinstance(output, Tensor) else output,
        unused=tuple(name for name, layer in found.items() if layer.has_forward and not calls.counts[name]),
    )


def _add_shapes(layer: LayerDescription, calls: Calls, *, path: str | None) -> LayerDescription:
    shapes = (_row_shape(tensors.get(layer.name)) for tensors in (calls.inputs, calls.outputs))
    input_shape, output_shape = shapes
    return replace(layer, path=path, input_shape=input_shape, output_shape=output_shape)


def _row_shape(tensor: Tensor | None) -> tuple[int, ...] | None:
    return tuple(tensor.shape[1:]) if tensor is not None and tensor.dim() else None


@contextmanager
def _as_evaluated(network: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _trace(calls: Calls, output: Any, x: Tensor) -> Trace:
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
