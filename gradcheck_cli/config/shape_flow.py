"""Follows shapes through the layers of a network, containers included; the arithmetic of one layer is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gradcheck_cli.config.layers import Layer
from gradcheck_cli.config.shapes import Shape, output_shape


class Flow(NamedTuple):
    """Shapes of one row at the input and the output of a layer; None where not known."""

    input_shape: Shape | None
    output_shape: Shape | None


def follow_shapes(layers: Sequence[Layer], shape: Shape | None) -> dict[str, Flow]:
    """The shapes at each layer, by name, inner layers included.

    Args:
        layers: In forward order.
        shape: Of one row at the first layer's input.
    """
    flows: dict[str, Flow] = {}
    _follow(layers, shape, flows)
    return flows


def _follow(layers: Sequence[Layer], shape: Shape | None, flows: dict[str, Flow]) -> Shape | None:
    for layer in layers:
        before = shape
        if layer.type == "Residual":
            shape = _follow(layer.layers, before, flows)
            _follow(layer.shortcut, before, flows)
        elif layer.type == "Concat":
            shape = _join([_follow(branch, before, flows) for branch in layer.branches], layer.arguments.get("dim", 1))
        else:
            shape = output_shape(layer.type, layer.arguments, before)
        flows[layer.name] = Flow(before, shape)
    return shape


def _join(shapes: Sequence[Shape | None], dim: int) -> Shape | None:
    """The shape of branches joined along `dim`, which counts the batch dimension as torch does."""
    known = [shape for shape in shapes if shape is not None]
    ranks = {len(shape) for shape in known}
    if len(known) < len(shapes) or len(ranks) != 1:
        return None
    rank = ranks.pop()
    index = dim + rank if dim < 0 else dim - 1
    if not 0 <= index < rank:
        return None
    rest = {(*shape[:index], *shape[index + 1 :]) for shape in known}
    joined = sum(shape[index] for shape in known)
    return (*known[0][:index], joined, *known[0][index + 1 :]) if len(rest) == 1 else None
