"""Refuses networks that no memory holds, by arithmetic on the config; it measures nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck_cli.config.layers import Layer, expand
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.config.paths import split_path
from gradcheck_cli.config.schema import Config
from gradcheck_cli.config.shape_flow import Flow, follow_shapes
from gradcheck_cli.config.shapes import Shape, inferred_size, per_dimension
from gradcheck_cli.config.sources import SOURCES, with_defaults

MOST_NUMBERS = 2**32
"""Weights of a network, or outputs of one layer for one batch: 16 GiB in 32-bit floats. Convention."""

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def input_shape(config: Config) -> Shape | None:
    """The shape of one row; None where only the data file tells."""
    source = SOURCES[config.data.type]
    return source.input_shape(with_defaults(source, config.data.arguments)) if source.input_shape else None


def check_sizes(root: Node, config: Config) -> None:
    """Report the first layer by which the network has more numbers than any memory holds."""
    layers = expand(config.model)
    flows = follow_shapes(layers, input_shape(config))
    weights = 0
    for layer in (inner for top in layers for inner in top.walk()):
        weights += least_weights(layer, flows[layer.name])
        outputs = config.trainer.batch_size * _least_outputs(layer, flows[layer.name])
        if weights > MOST_NUMBERS:
            _report(root, layer, f"the network has at least {_round(weights)} weights up to this {layer.type}")
            return
        if outputs > MOST_NUMBERS:
            _report(root, layer, f"this {layer.type} has at least {_round(outputs)} outputs for one batch")
            return


def _round(number: int) -> str:
    return f"{number:.1e}" if number < 10**300 else "1e300"


def _report(root: Node, layer: Layer, message: str) -> None:
    place = root
    for step in split_path(layer.path):
        place = place.child(step)
    place.report(message, allowed=f"at most {MOST_NUMBERS:.1e}")


def _least_outputs(layer: Layer, flow: Flow) -> int:
    if flow.output_shape is not None:
        return math.prod(flow.output_shape)
    return max(_widths(layer.arguments), default=0)


def _widths(arguments: Mapping[str, Any]) -> Iterator[int]:
    for name in ("out_features", "out_channels", "embedding_dim", "hidden_size"):
        if isinstance(width := arguments.get(name), int):
            yield width


def least_weights(layer: Layer, flow: Flow) -> int:
    """How many weights a layer has at least; where its input size is not known it counts as 1."""
    signature = find_layer(layer.type)
    if signature is None or not signature.weight_dimensions:
        return 0
    given = layer.arguments
    size = given.get(signature.inferred) or inferred_size(layer.type, flow.input_shape) or 1
    size = size if isinstance(size, int) else 1
    match signature.kind:
        case "affine":
            return int(size * given["out_features"])
        case "embedding":
            return int(given.get("num_embeddings", 1) * given["embedding_dim"])
        case "recurrent":
            return int(
                _GATES[layer.type] * given["hidden_size"] * (size + given["hidden_size"]) * given.get("num_layers", 1)
            )
        case "convolution":
            kernel = math.prod(per_dimension(given["kernel_size"], signature.weight_dimensions - 2))
            return int(max(size // given.get("groups", 1), 1) * given["out_channels"] * kernel)
        case "attention":
            return int(4 * size**2 + 2 * size * given.get("dim_feedforward", 0))
    return 0
