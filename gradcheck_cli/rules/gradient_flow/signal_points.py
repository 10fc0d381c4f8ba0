"""Where along the network the gradient is judged; it reads a description and no measurement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradcheck_cli.recording.description import LayerDescription, LayerKind, RunDescription

TRANSPARENT = {LayerKind.DROPOUT, LayerKind.SHAPE}
"""Kinds between a layer and its normalisation that do not hide it."""


@dataclass(frozen=True)
class SignalPoint:
    """One place to judge.

    Attributes:
        layer: The layer whose weights the gradient is meant for.
        measured_at: The layer at whose output the signal is read.
    """

    layer: str
    measured_at: str


def signal_points(description: RunDescription) -> tuple[SignalPoint, ...]:
    """One point for each trainable layer with weights, in forward order; layers that share a place give one point.

    A gradient before a normalisation scales with one over the weights and means nothing, so it is read behind it.
    Inside a residual branch (zero at the start in some designs) it is read at the sum of the outermost block.
    """
    points: dict[str, SignalPoint] = {}
    for layer in description.layers:
        if _has_trainable_weights(layer):
            place = _behind_normalization(_outermost_residual(layer, description), description.layers)
            points.setdefault(place.name, SignalPoint(layer.name, place.name))
    return tuple(points.values())


def _has_trainable_weights(layer: LayerDescription) -> bool:
    return layer.trainable and any(len(p.shape) > 1 and p.trainable for p in layer.parameters)


def _ancestors(layer: LayerDescription, description: RunDescription) -> Iterator[LayerDescription]:
    while layer.parent is not None:
        layer = description.layer(layer.parent)
        yield layer


def _outermost_residual(layer: LayerDescription, description: RunDescription) -> LayerDescription:
    enclosing = [layer, *(a for a in _ancestors(layer, description) if a.kind is LayerKind.RESIDUAL)]
    return enclosing[-1]


def _behind_normalization(layer: LayerDescription, layers: Sequence[LayerDescription]) -> LayerDescription:
    siblings = [other for other in layers if (other.parent, other.branch) == (layer.parent, layer.branch)]
    for follower in siblings[siblings.index(layer) + 1 :]:
        if follower.kind is LayerKind.NORMALIZATION:
            return follower
        if follower.kind not in TRANSPARENT:
            break
    return layer
