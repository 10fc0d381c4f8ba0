"""Which layer gives the network's output, and how wide it is, from the description alone."""

from __future__ import annotations

from gradcheck_cli.recording.description import LayerDescription, LayerKind, RunDescription

PASS_THROUGH = {LayerKind.SHAPE, LayerKind.DROPOUT}


def find_output_layer(description: RunDescription) -> LayerDescription | None:
    """The last layer that computes something; layers that only reshape or drop out are looked through."""
    outermost = [layer for layer in description.layers if layer.parent is None and layer.kind not in PASS_THROUGH]
    return outermost[-1] if outermost else None


def softmax_width(layer: LayerDescription, description: RunDescription) -> int | None:
    """Over how many units a softmax normalises; None where the shape is not known.

    In lint, where no shape is measured, the width of the last affine layer stands for it.
    """
    shape = layer.input_shape or layer.output_shape
    if shape is None:
        widths = [other.arguments.get("out_features") for other in description.layers if other.kind is LayerKind.AFFINE]
        shape = (widths[-1],) if widths and isinstance(widths[-1], int) else None
    dimension = layer.arguments.get("dim")
    if not shape or dimension == 0:
        return None
    # Dimension 0 is the batch, which the shape leaves out; torch takes dimension 1 where none is given.
    index = 0 if dimension is None else dimension - 1 if dimension > 0 else dimension
    return shape[index] if -len(shape) <= index < len(shape) else None
