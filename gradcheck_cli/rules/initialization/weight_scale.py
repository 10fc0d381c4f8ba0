"""By how much the initial weights of each layer scale what passes, and which are all alike; it holds no limit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gradcheck_cli.recording.description import LayerDescription, LayerKind, ParameterDescription, RunDescription
from gradcheck_cli.rules.surroundings import is_bypassed, is_hidden

SCALING = frozenset({LayerKind.AFFINE, LayerKind.CONVOLUTION})
MULTIPLYING = SCALING | {LayerKind.RECURRENT, LayerKind.ATTENTION}
"""Kinds whose weights multiply what comes in; an embedding only looks rows up."""
NORMALISED_INSIDE = frozenset({"TransformerEncoderLayer", "TransformerDecoderLayer"})


@dataclass(frozen=True)
class ScaledLayer:
    """A layer and the factor by which its weights scale signal and gradient alike; 1 keeps them."""

    layer: LayerDescription
    factor: float


def unbuffered_scales(description: RunDescription) -> tuple[ScaledLayer, ...]:
    """The factor of each hidden linear and convolution layer whose scale nothing later undoes, in forward order.

    Layers before a normalisation, inside a residual sum or beside another branch are left out, as are frozen ones.
    """
    layers = description.layers
    last_normalization = max((i for i, layer in enumerate(layers) if _normalizes(layer)), default=-1)
    return tuple(
        ScaledLayer(layer, factor)
        for layer in layers[last_normalization + 1 :]
        if layer.kind in SCALING
        and layer.trainable
        and is_hidden(layer, description)
        and not is_bypassed(layer, description)
        for factor in layer_factors(layer)
    )


def layer_factors(layer: LayerDescription) -> Iterator[float]:
    """For each weight of a layer that is drawn at random: of the factors for the signal (standard deviation times the
    root of its fan-in) and for the gradient (fan-out), the one nearer to 1; 1 where they lie on both sides of it.

    A layer that only changes the width multiplies one of the two by much and is as it should be.

    Source: Glorot and Bengio 2010, equations 5 and 6; He et al. 2015, section 2.2.
    """
    for parameter in layer.parameters:
        std = parameter.init_std
        if len(parameter.shape) > 1 and std and math.isfinite(std) and not parameter.init_symmetric:
            kernel = math.prod(parameter.shape[2:])
            forward, backward = (std * math.sqrt(fan * kernel) for fan in parameter.shape[1::-1])
            low, high = sorted((forward, backward))
            yield high if high < 1 else low if low > 1 else 1.0


def symmetric_layers(description: RunDescription) -> tuple[LayerDescription, ...]:
    """Hidden layers all of whose weights began with all outputs alike, and that nothing bypasses."""
    return tuple(
        layer
        for layer in description.layers
        if layer.kind is not LayerKind.EMBEDDING
        and layer.trainable
        and is_all_alike(layer)
        and is_hidden(layer, description)
        and not is_bypassed(layer, description)
    )


def is_all_alike(layer: LayerDescription, among: Iterable[str] | None = None) -> bool:
    """Whether all weights of a layer began with all outputs alike, or are named in `among`."""
    weights = [parameter for parameter in layer.parameters if len(parameter.shape) > 1]
    if layer.arguments.get("groups", 1) != 1:
        return False
    named = None if among is None else set(among)
    return bool(weights) and all(_is_alike(parameter, named) for parameter in weights)


def _is_alike(parameter: ParameterDescription, named: set[str] | None) -> bool:
    return parameter.init_symmetric if named is None else parameter.name in named


def _normalizes(layer: LayerDescription) -> bool:
    """Whether a layer, at top level, gives its output a scale of its own."""
    if layer.parent is not None:
        return False
    return layer.kind is LayerKind.NORMALIZATION or layer.type in NORMALISED_INSIDE


def heavy_layers(description: RunDescription, limit: float) -> tuple[LayerDescription, ...]:
    """All layers with a weight whose factor lies above `limit`, the output layer and inner ones too."""
    return tuple(
        layer
        for layer in description.layers
        if layer.trainable and layer.kind in MULTIPLYING and any(factor > limit for factor in layer_factors(layer))
    )
