"""How large a signal is behind each layer of a network at initialisation, by mean-field theory; it holds no limit.

Inputs are taken to have unit variance. Source: Poole et al. 2016, arXiv:1606.05340, equations 3 and 5; Schoenholz et
al. 2017, arXiv:1611.01232: the variance of a pre-activation follows from that of the layer before it, and a difference
between two rows is scaled by sqrt(n Var(w) E[f'^2]).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from gradcheck_cli.recording.description import LayerDescription, LayerKind, RunDescription
from gradcheck_cli.rules.initialization.activation_moments import find_function, find_moments

WEIGHTED = frozenset({LayerKind.AFFINE, LayerKind.CONVOLUTION})
PASSING = frozenset({LayerKind.DROPOUT, LayerKind.SHAPE, LayerKind.POOLING})


@dataclass(frozen=True)
class Passage:
    """A layer with weights and the activation that follows it.

    Attributes:
        weight_gain: Square root of n Var(w): by how much the weights alone scale a signal.
        gain: By how much layer and activation together scale a difference between two rows.
        spread: Standard deviation of what enters the activation.
    """

    layer: LayerDescription
    activation: LayerDescription
    weight_gain: float
    gain: float
    spread: float


def find_stretches(description: RunDescription) -> Iterator[tuple[Passage, ...]]:
    """Passages that follow one another at top level, with nothing between that gives the signal a new scale.

    A normalisation, a residual sum or a layer that is not understood ends a stretch; the next begins at unit variance.
    """
    stretch: list[Passage] = []
    weighted: LayerDescription | None = None
    variance = 1.0
    for layer in (entry for entry in description.layers if entry.parent is None):
        if layer.kind in WEIGHTED and weighted is None:
            weighted = layer
        elif layer.kind is LayerKind.ACTIVATION and weighted is not None and (done := _pass(weighted, layer, variance)):
            passage, variance = done
            stretch.append(passage)
            weighted = None
        elif layer.kind not in PASSING:
            yield tuple(stretch)
            stretch, variance = [], 1.0
            weighted = layer if layer.kind in WEIGHTED else None
    yield tuple(stretch)


def _pass(layer: LayerDescription, activation: LayerDescription, variance: float) -> tuple[Passage, float] | None:
    """The passage, and the mean square of what comes out of it; None where the layer or the function is unknown."""
    function, scale = find_function(activation), _scale(layer)
    if function is None or scale is None:
        return None
    squared_gain, offset = scale
    entering = squared_gain * variance + offset
    moments = find_moments(function, entering)
    gain = math.sqrt(squared_gain * moments.squared_slope)
    return Passage(layer, activation, math.sqrt(squared_gain), gain, math.sqrt(entering)), moments.square


def _scale(layer: LayerDescription) -> tuple[float, float] | None:
    """n Var(w) and the variance of the bias; None where they are not known, or all weights are alike."""
    weights = [p for p in layer.parameters if len(p.shape) > 1]
    if len(weights) != 1 or not weights[0].init_std or weights[0].init_symmetric or "Transpose" in layer.type:
        return None
    if not math.isfinite(weights[0].init_std):
        return None
    offset = sum((p.init_std or 0.0) ** 2 for p in layer.parameters if len(p.shape) == 1)
    return weights[0].init_std ** 2 * math.prod(weights[0].shape[1:]), offset
