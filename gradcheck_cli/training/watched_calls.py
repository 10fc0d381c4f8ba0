"""What each layer of a network takes and gives in one forward pass, by hooks; it changes neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from torch import Tensor, nn

from gradcheck_cli.recording.found_layers import FoundLayer
from gradcheck_cli.recording.nested_tensors import list_tensors


@dataclass(eq=False)
class Calls:
    """The first call of each layer, by its name.

    Attributes:
        order: Names in the order of the calls; of layers that others are in, none.
        inputs, outputs: The first tensor that it took and gave.
        sources: The node of torch's graph that the input comes from; None for the network's own input.
        nodes: The layer of each node that an output comes from.
        counts: How many calls there were.
    """

    order: list[str] = field(default_factory=list)
    inputs: dict[str, Tensor] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    sources: dict[str, Any] = field(default_factory=dict)
    nodes: dict[Any, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def first_tensor(nested: Any) -> Tensor | None:
    """The first tensor in what a layer takes or gives; None where there is none."""
    return next(list_tensors(nested), None)


@contextmanager
def watched(layers: Iterable[FoundLayer]) -> Iterator[Calls]:
    """Notes the calls that are made inside the `with` block."""
    calls, handles = Calls(), []
    for layer in layers:
        if layer.has_forward:
            before, after = partial(_before, calls, layer.name), partial(_after, calls, layer)
            handles.append(layer.module.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(layer.module.register_forward_hook(after))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _before(calls: Calls, name: str, _module: nn.Module, arguments: Any, keywords: Any) -> None:
    calls.counts[name] += 1
    tensor = first_tensor([arguments, keywords])
    if calls.counts[name] == 1 and tensor is not None:
        calls.inputs[name], calls.sources[name] = tensor, tensor.grad_fn


def _after(calls: Calls, layer: FoundLayer, _module: nn.Module, _inputs: Any, output: Any) -> None:
    name = layer.name
    # What encloses a layer may pass on the very tensor that the layer made.
    if name in calls.outputs or not layer.is_whole or (tensor := first_tensor(output)) is None:
        return
    calls.outputs[name] = tensor
    calls.order.append(name)
    calls.nodes.update({one.grad_fn: name for one in list_tensors(output) if one.grad_fn is not None})
