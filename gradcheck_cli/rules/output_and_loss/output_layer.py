"""Which layer gives the network's output, and how wide it is, from the description alone."""

from __future__ import annotations

from gradcheck_cli.recording.description import LayerDescription, LayerKind, RunDescription

PASS_THROUGH = {LayerKind.SHAPE, LayerKind.DROPOUT}
WIDTH_KEEPING = {LayerKind.ACTIVATION, LayerKind.SOFTMAX, LayerKind.DROPOUT, LayerKind.NORMALIZATION}


def find_output_layer(description: RunDescription) -> LayerDescription | None:
    """The last layer that computes something; layers that only reshape or drop out are looked through."""
    outermost = [layer for layer in description.layers if layer.parent is None and layer.kind not in PASS_THROUGH]
    return outermost[-1] if outermost else None


def output_shape(description: RunDescription) -> tuple[int, ...] | None:
    """The shape of the network's output for one row; None where it is not known.

    In lint, where no shape is measured, the width of a last linear layer tells, if the layers behind it keep it.
    """
    for layer in reversed([layer for layer in description.layers if layer.parent is None]):
        if layer.output_shape is not None:
            return layer.output_shape
        if layer.type == "Linear":
            return (layer.arguments["out_features"],)
        if layer.kind not in WIDTH_KEEPING:
            return None
    return None


def find_width_layer(description: RunDescription) -> LayerDescription | None:
    """The last linear or convolution layer: the one whose width is that of the output."""
    sized = [layer for layer in description.layers if layer.kind in (LayerKind.AFFINE, LayerKind.CONVOLUTION)]
    return sized[-1] if sized else None


def softmax_width(layer: LayerDescription, description: RunDescription) -> int | None:
    """Over how many units a softmax normalises; None where the shape is not known."""
    shape = layer.input_shape or layer.output_shape or output_shape(description)
    dimension = layer.arguments.get("dim")
    if not shape or dimension == 0:
        return None
    # Dimension 0 is the batch, which the shape leaves out; torch takes dimension 1 where none is given.
    index = 0 if dimension is None else dimension - 1 if dimension > 0 else dimension
    return shape[index] if -len(shape) <= index < len(shape) else None
