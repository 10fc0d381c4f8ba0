"""Between which numbers the output of an activation can lie; it looks at no network."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gradcheck_cli.recording.description import LayerDescription

Range = tuple[float, float]
EVERYTHING: Range = (-math.inf, math.inf)

_RANGES: Mapping[str, Range] = {
    **dict.fromkeys(("Sigmoid", "Hardsigmoid", "Softmax", "Softmax2d", "Softmin"), (0.0, 1.0)),
    **dict.fromkeys(("Tanh", "Softsign"), (-1.0, 1.0)),
    **dict.fromkeys(("ReLU", "Softplus"), (0.0, math.inf)),
    **dict.fromkeys(("LogSigmoid", "LogSoftmax"), (-math.inf, 0.0)),
    "ReLU6": (0.0, 6.0),
    "SELU": (-1.7581, math.inf),
    "GELU": (-0.17, math.inf),
    "SiLU": (-0.2785, math.inf),
    "Mish": (-0.3089, math.inf),
    "Hardswish": (-0.375, math.inf),
}
"""By layer type. Source: the minimum and maximum of each function in the documentation of `torch.nn`."""

_FUNCTIONS: Mapping[str, Range] = {
    **dict.fromkeys(("abs", "exp", "rsqrt", "sqrt", "square"), (0.0, math.inf)),
    **dict.fromkeys(("cos", "erf", "sign", "sin"), (-1.0, 1.0)),
    "atan": (-math.pi / 2, math.pi / 2),
    "cosh": (1.0, math.inf),
    "expm1": (-1.0, math.inf),
}
"""By the function of an `Elementwise`."""


def reach_of(layer: LayerDescription) -> Range:
    """The lowest and highest output of an activation or softmax; everything for layers without a bound."""
    given = layer.arguments
    match layer.type:
        case "Elementwise":
            return _FUNCTIONS.get(str(given.get("function")), EVERYTHING)
        case "ELU" | "CELU":
            return -float(given.get("alpha", 1.0)), math.inf
        case "Hardtanh":
            return float(given.get("min_val", -1.0)), float(given.get("max_val", 1.0))
    return _RANGES.get(layer.type, EVERYTHING)
