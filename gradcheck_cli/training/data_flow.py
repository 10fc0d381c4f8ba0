"""How a network passes its input from layer to layer, read off torch's own graph of one forward pass; it runs none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Node = Any
"""A node of torch's backward graph."""

_LEAF = "AccumulateGrad"
_SHAPE_ONLY = (
    "View",
    "Reshape",
    "Flatten",
    "Transpose",
    "T",
    "Permute",
    "Unsqueeze",
    "Squeeze",
    "Clone",
    "Alias",
    "Select",
    "Slice",
)
_FUNCTIONS: Mapping[str, str] = {
    "Relu": "ReLU",
    "LeakyRelu": "LeakyReLU",
    "Elu": "ELU",
    "Gelu": "GELU",
    "Silu": "SiLU",
    "Mish": "Mish",
    "Softplus": "Softplus",
    "Tanh": "Tanh",
    "Sigmoid": "Sigmoid",
    "Softmax": "Softmax",
    "LogSoftmax": "LogSoftmax",
}
"""Operations that are a layer of torch.nn under another name."""


@dataclass(frozen=True)
class Passage:
    """What happened to a tensor on its way from a layer.

    Attributes:
        origin: Name of the layer; None where several tensors came together first, or none is found.
        operations: Since then, the first one first, without those that only change a shape or pick a part.
        join: Node at which tensors came together; None where none did.
    """

    origin: str | None
    operations: tuple[str, ...]
    join: Node | None = None


def trace_back(node: Node, layers: Mapping[Node, str], *, sources: Collection[Node]) -> Passage:
    """Follow a tensor back to the layer that it left, or to where it was put together.

    Args:
        node: Of the tensor.
        layers: The nodes of each layer's outputs, with the layer's name.
        sources: Nodes at which paths begin: the network's input, unlike weights, counts as a tensor that comes in.
    """
    found: list[str] = []
    while node is not None and node not in layers:
        inputs = [one for one in parents(node) if operation_of(one) != _LEAF or one in sources]
        if len(inputs) > 1:
            return Passage(None, tuple(reversed(found)), join=node)
        if operation_of(node) not in (*_SHAPE_ONLY, _LEAF):
            found.append(operation_of(node))
        node = inputs[0] if inputs else None
    return Passage(layers.get(node), tuple(reversed(found)))


def layer_type_of(operations: Collection[str]) -> str:
    """The layer of torch.nn that does the same as these operations; empty where there is none."""
    return _FUNCTIONS.get(next(iter(operations)), "") if len(operations) == 1 else ""


def find_bypassed(output: Node, layers: Mapping[Node, str], *, sources: Collection[Node]) -> set[str]:
    """Names of the layers around which some path leads from the input to the output.

    Paths are counted: a layer that all of them cross has as many through it as there are.

    Args:
        output: Node of the network's output.
        layers: As above.
        sources: Nodes at which paths begin.
    """
    order = list(_in_order(output))
    before: dict[Node, int] = {}
    for node in order:
        before[node] = 1 if node in sources else sum(before[one] for one in parents(node))
    behind: dict[Node, int] = dict.fromkeys(order, 0)
    behind[output] = 1
    for node in reversed(order):
        for one in parents(node):
            behind[one] += behind[node]
    through: Counter[str] = Counter()
    for node, name in layers.items():
        through[name] += before.get(node, 0) * behind.get(node, 0)
    return {name for name, paths in through.items() if not 0 < before[output] <= paths}


def parents(node: Node) -> list[Node]:
    """The nodes from which a node's inputs come."""
    return [one for one, _ in node.next_functions if one is not None]


def operation_of(node: Node) -> str:
    """`Relu` for torch's `ReluBackward0`."""
    return str(node.name()).rpartition("::")[2].rstrip("0123456789").removesuffix("Backward")


def _in_order(output: Node) -> Iterator[Node]:
    """All nodes before and with `output`, each after those its inputs come from."""
    done: set[Node] = set()
    waiting: list[tuple[Node, bool]] = [(output, False)]
    while waiting:
        node, is_expanded = waiting.pop()
        if is_expanded:
            yield node
        elif node not in done:
            done.add(node)
            waiting.append((node, True))
            waiting.extend((one, False) for one in parents(node) if one not in done)
