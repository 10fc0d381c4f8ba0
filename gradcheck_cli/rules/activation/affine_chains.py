"""Layers without a bend that follow one another with nothing between, so that they are but one; by shape alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from gradcheck_cli.recording.description import LayerDescription, LayerKind, RunDescription

AFFINE = frozenset({LayerKind.AFFINE, LayerKind.CONVOLUTION})
STRAIGHT = frozenset({LayerKind.SHAPE, LayerKind.DROPOUT})
"""Kinds that only move or drop values."""
STRAIGHT_TYPES = ("AvgPool", "AdaptiveAvgPool", "BatchNorm")
"""Beginnings of types that are affine too, BatchNorm once the network is trained."""
OUTPUT_KINDS = frozenset({LayerKind.ACTIVATION, LayerKind.SOFTMAX, *STRAIGHT})

Chain = tuple[LayerDescription, ...]


def find_chains(description: RunDescription) -> Iterator[Chain]:
    """Two or more affine layers that could be one, in forward order.

    Left out is what is done on purpose: grouped convolutions, frozen layers, and a narrow layer between wide ones that
    bounds the rank of their product. Nothing is said across the border of a `Residual` or `Concat`.
    """
    for _, siblings in groupby(sorted(description.layers, key=_place), key=_place):
        chain: Chain = ()
        for layer in siblings:
            if layer.kind in AFFINE:
                if chain and not _can_merge(chain[-1], layer):
                    yield from _if_long(chain)
                    chain = ()
                chain = (*chain, layer)
            elif not is_straight(layer):
                yield from _if_long(chain)
                chain = ()
        yield from _if_long(chain)


def is_straight(layer: LayerDescription) -> bool:
    """Whether a layer without weights of its own keeps straight lines straight."""
    return layer.kind in STRAIGHT or layer.type.startswith(STRAIGHT_TYPES)


def is_affine(description: RunDescription) -> bool:
    """Whether the whole network up to its last layer with weights computes an affine function."""
    kinds = [layer.kind in AFFINE for layer in description.layers]
    last = max((index for index, affine in enumerate(kinds) if affine), default=-1)
    before, behind = description.layers[: last + 1], description.layers[last + 1 :]
    return all(layer.kind in AFFINE or is_straight(layer) for layer in before) and all(
        layer.kind in OUTPUT_KINDS or is_straight(layer) for layer in behind
    )


def _place(layer: LayerDescription) -> tuple[str, str]:
    return layer.parent or "", layer.branch


def _if_long(chain: Chain) -> Iterator[Chain]:
    if len(chain) > 1:
        yield chain


def _can_merge(first: LayerDescription, second: LayerDescription) -> bool:
    if any(layer.arguments.get("groups", 1) != 1 or not layer.trainable for layer in (first, second)):
        return False
    return not _is_bottleneck(first, second)


def _is_bottleneck(first: LayerDescription, second: LayerDescription) -> bool:
    """Whether what passes between two layers is narrower than both ends, or may be."""
    middle, end = _outputs(first), _outputs(second)
    if middle is None or end is None:
        return True
    start = _inputs(first)
    return middle < end and (start is None or middle < start)


def _outputs(layer: LayerDescription) -> int | None:
    if layer.output_shape is not None:
        return math.prod(layer.output_shape)
    return _number(layer.arguments.get("out_features"))


def _inputs(layer: LayerDescription) -> int | None:
    if layer.input_shape is not None:
        return math.prod(layer.input_shape)
    return _number(layer.arguments.get("in_features"))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def names_of(chain: Sequence[LayerDescription]) -> tuple[str, ...]:
    """Names in forward order."""
    return tuple(layer.name for layer in chain)
