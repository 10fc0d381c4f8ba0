"""The arguments of a layer that follow from what comes in: input sizes and defaults; it builds no layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import Tensor

from gradcheck_cli.config.catalog import LAYERS
from gradcheck_cli.config.layers import Layer
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.own_layers import BATCH_FIRST_TYPES
from gradcheck_cli.training.refusal import as_plain_arguments, show_shape

# The dimension of the input, batch included, that each argument measures.
_MEASURED_DIMENSION = {
    "in_features": -1,
    "in_channels": 1,
    "num_features": 1,
    "input_size": -1,
    "d_model": -1,
    "embed_dim": -1,
    "num_channels": 1,
    "normalized_shape": -1,
}
_SOFTMAX_TYPES = frozenset({"Softmax", "LogSoftmax", "Softmin"})


@dataclass(frozen=True)
class Arguments:
    """What a layer is built with.

    Attributes:
        given: As written in the config, with the inferred input size.
        torch: Those and what else the class needs to be told here.
    """

    given: Mapping[str, Any]
    torch: Mapping[str, Any]


def complete_arguments(layer: Layer, x: Tensor, *, largest_token: int | None) -> Arguments:
    """Add to a layer's arguments what the input `x` `[N, ...]` tells.

    Args:
        layer: A layer without inner layers.
        x: What comes in.
        largest_token: Of the whole training set; None where the inputs are numbers.

    Raises:
        ModelError: The input lacks the dimension to measure, or holds tokens beyond the embedding.
    """
    given = dict(layer.arguments)
    inferred = LAYERS[layer.type].inferred if layer.type in LAYERS else ""
    if inferred == "num_embeddings":
        given[inferred] = _token_count(layer, x, largest_token)
    elif inferred and inferred not in given:
        given[inferred] = _measure(layer, x, _MEASURED_DIMENSION[inferred])
    return Arguments(MappingProxyType(given), MappingProxyType({**as_plain_arguments(given), **_settled(layer, x)}))


def _measure(layer: Layer, x: Tensor, dimension: int) -> int:
    if x.dim() < 2:
        message = f"{layer.type} needs at least one dimension a row, but each row is a single number here"
        raise ModelError([Problem(layer.path, message)])
    return int(x.shape[dimension])


def _token_count(layer: Layer, x: Tensor, largest_token: int | None) -> int:
    """`num_embeddings`, as given or the largest token + 1."""
    if x.is_floating_point():
        message = f"{layer.type} takes token ids (whole numbers), but measured numbers come in"
        raise ModelError([Problem(layer.path, message, hint="put a Linear layer in its place, or use a token source")])
    largest = int(x.max()) if largest_token is None else largest_token
    count = layer.arguments.get("num_embeddings")
    if count is None:
        return largest + 1
    if count <= largest:
        message = f"num_embeddings is {count}, but the data holds token {largest}"
        hint = "leave it out: it is then inferred"
        raise ModelError(
            [Problem(f"{layer.path}.num_embeddings", message, allowed=f"{largest + 1} or more", hint=hint)]
        )
    return int(count)


def _settled(layer: Layer, x: Tensor) -> dict[str, Any]:
    """Arguments that are not the user's to choose, or that torch would only guess with a warning."""
    if layer.type in BATCH_FIRST_TYPES:
        return {"batch_first": True}
    if layer.type == "PositionalEncoding":
        return _measure_sequence(layer, x)
    if layer.type in _SOFTMAX_TYPES and layer.arguments.get("dim") is None:
        return {"dim": _softmax_dimension(layer, x)}
    return {}


def _measure_sequence(layer: Layer, x: Tensor) -> dict[str, int]:
    if x.dim() != 3:
        message = f"{layer.type} {layer.name!r} cannot take rows of shape {show_shape(x.shape[1:])}"
        raise ModelError([Problem(layer.path, message, allowed="rows of shape [time, features]")])
    return {"length": int(x.shape[1]), "features": int(x.shape[2])}


def _softmax_dimension(layer: Layer, x: Tensor) -> int:
    """The dimension that torch itself would take where that is within a row."""
    if x.dim() in (2, 4):
        return 1
    message = f"{layer.type} needs `dim` for rows of shape {show_shape(x.shape[1:])}"
    raise ModelError([Problem(layer.path, message, hint="`dim: -1` goes over the last dimension")])
