"""What lies around a layer: what comes before it, what bypasses it, whether it is hidden; it reads no measurement."""

from __future__ import annotations

from gradcheck_cli.recording.description import LayerDescription, LayerKind, RunDescription

BYPASSED_INSIDE = frozenset({"TransformerEncoderLayer", "TransformerDecoderLayer"})
"""Layers of torch's own that hold residual sums of their own."""


WEIGHTED = frozenset(
    {LayerKind.AFFINE, LayerKind.CONVOLUTION, LayerKind.RECURRENT, LayerKind.ATTENTION, LayerKind.EMBEDDING}
)


def has_weights(layer: LayerDescription) -> bool:
    """Whether a layer owns a tensor of two or more dimensions, or is of a kind that always does."""
    return layer.kind in WEIGHTED or any(len(parameter.shape) > 1 for parameter in layer.parameters)


def is_bypassed(layer: LayerDescription, description: RunDescription) -> bool:
    """Whether the signal has a way around a layer: another branch of a `Residual` or `Concat`.

    In somebody's own module a sum may lead around any layer.
    """
    if layer.type in BYPASSED_INSIDE or not description.is_sequence:
        return True
    while layer.parent is not None:
        layer = description.layer(layer.parent)
        if layer.kind in (LayerKind.RESIDUAL, LayerKind.CONCAT):
            return True
    return False


def is_hidden(layer: LayerDescription, description: RunDescription) -> bool:
    """Whether a layer with weights comes after it, so that it is not part of the output."""
    layers = description.layers
    return any(has_weights(later) for later in layers[layers.index(layer) + 1 :])


def layer_before(layer: LayerDescription, description: RunDescription) -> LayerDescription | None:
    """The layer whose output this one takes; None at the start of the network or of a branch."""
    siblings = [other for other in description.layers if (other.parent, other.branch) == (layer.parent, layer.branch)]
    position = siblings.index(layer)
    return siblings[position - 1] if position else None
