"""What an elementwise activation makes of normally distributed inputs, on average; it knows no network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from gradcheck_cli.config.catalog import LAYERS
from gradcheck_cli.recording.description import LayerDescription

Function = Callable[[float], float]

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_REACH = 6.0
_POINTS = 97
_STEP = 1e-4


@dataclass(frozen=True)
class Moments:
    """Means over inputs from N(0, variance).

    Attributes:
        square: Of the squared output.
        squared_slope: Of the squared derivative.
    """

    square: float
    squared_slope: float


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _sigmoid(x: float) -> float:
    return 0.5 * (1 + math.tanh(x / 2))


def _elu(x: float, alpha: float) -> float:
    return x if x > 0 else alpha * math.expm1(x)


def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


_MAKERS: Mapping[str, Callable[[Mapping[str, float]], Function]] = {
    "ReLU": lambda given: lambda x: max(x, 0.0),
    "ReLU6": lambda given: lambda x: _clip(x, 0.0, 6.0),
    "LeakyReLU": lambda given: lambda x: x if x > 0 else given["negative_slope"] * x,
    "PReLU": lambda given: lambda x: x if x > 0 else given["init"] * x,
    "RReLU": lambda given: lambda x: x if x > 0 else (given["lower"] + given["upper"]) / 2 * x,
    "ELU": lambda given: lambda x: _elu(x, given["alpha"]),
    "CELU": lambda given: lambda x: _elu(x / given["alpha"], 1.0) * given["alpha"],
    "SELU": lambda given: lambda x: _SELU_SCALE * _elu(x, _SELU_ALPHA),
    "GELU": lambda given: lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "SiLU": lambda given: lambda x: x * _sigmoid(x),
    "Mish": lambda given: lambda x: x * math.tanh(_softplus(x)),
    "Hardswish": lambda given: lambda x: x * _clip(x + 3, 0.0, 6.0) / 6,
    "Softplus": lambda given: _softplus,
    "Tanh": lambda given: math.tanh,
    "Hardtanh": lambda given: lambda x: _clip(x, given["min_val"], given["max_val"]),
    "Softsign": lambda given: lambda x: x / (1 + abs(x)),
    "Tanhshrink": lambda given: lambda x: x - math.tanh(x),
    "Sigmoid": lambda given: _sigmoid,
    "Hardsigmoid": lambda given: lambda x: _clip(x / 6 + 0.5, 0.0, 1.0),
    "LogSigmoid": lambda given: lambda x: -_softplus(-x),
}
"""Source: the formulas in the documentation of `torch.nn`."""


def find_function(layer: LayerDescription) -> Function | None:
    """The function of an activation layer; None for one that is not an ordinary activation."""
    maker = _MAKERS.get(layer.type)
    if maker is None:
        return None
    defaults = {name: parameter.default for name, parameter in LAYERS[layer.type].parameters.items()}
    return maker({**defaults, **layer.arguments})


def find_moments(function: Function, variance: float) -> Moments:
    """By the trapezoidal rule, which is exact to many digits for a bell curve times a smooth function."""
    spread = math.sqrt(variance)
    square = slope = 0.0
    for z, weight in _grid():
        x = z * spread
        square += weight * function(x) ** 2
        slope += weight * ((function(x + _STEP) - function(x - _STEP)) / (2 * _STEP)) ** 2
    return Moments(square, slope)


@cache
def _grid() -> tuple[tuple[float, float], ...]:
    """Places of the standard normal distribution, none of them 0, and their weights, which sum to 1."""
    gap = 2 * _REACH / (_POINTS - 1)
    places = [-_REACH + gap * (index + 0.5) for index in range(_POINTS - 1)]
    densities = [math.exp(-z * z / 2) for z in places]
    total = math.fsum(densities)
    return tuple((z, density / total) for z, density in zip(places, densities, strict=True))
