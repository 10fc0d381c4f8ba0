"""The gain that an initialiser uses, from the activation that follows a layer; it initialises nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradcheck_cli.config.layers import Layer
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.config.schema import Component

_LOOKED_THROUGH = ("normalization", "dropout", "pooling")


def activation_after(layers: Sequence[Layer], name: str) -> Layer | None:
    """The activation that the output of a layer reaches; None where something else comes first, or nothing.

    Normalisation, dropout, pooling and Flatten are looked through. At the end of a branch of a Residual or Concat the
    search goes on behind the container: a sum or a concatenation is not an activation, and what follows it acts on the
    branch's output too. It never goes into a container, where the output takes several ways at once.

    Args:
        layers: The whole network, as `expand` gives it.
        name: Of any layer in it.

    Raises:
        KeyError: There is no layer of that name.
    """
    return following_activations(layers)[name]


def following_gains(layers: Sequence[Layer]) -> dict[str, float]:
    """For each layer of a network, by name, the gain of the activation that its output reaches."""
    return {name: activation_gain(layer) for name, layer in following_activations(layers).items()}


def following_activations(layers: Sequence[Layer]) -> dict[str, Layer | None]:
    """For each layer of a network, by name, the activation that its output reaches, as `activation_after` has it."""
    found: dict[str, Layer | None] = {}
    _look_back(layers, None, found)
    return found


def _look_back(layers: Sequence[Layer], reached: Layer | None, found: dict[str, Layer | None]) -> None:
    """Go through a list from its end; `reached` is the activation that its output reaches."""
    for layer in reversed(layers):
        found[layer.name] = reached
        for branch in (layer.layers, *layer.branches, layer.shortcut):
            _look_back(branch, reached, found)
        kind = _kind(layer)
        if kind == "activation":
            reached = layer
        elif kind not in _LOOKED_THROUGH and layer.type != "Flatten":
            reached = None


def _kind(layer: Layer) -> str:
    signature = find_layer(layer.type)
    return signature.kind if signature else ""


def _leaky(slope: float) -> float:
    return math.sqrt(2 / (1 + slope**2))


_TWO = math.sqrt(2)
_GAINS: Mapping[str, Callable[[Mapping[str, Any]], float]] = {
    **dict.fromkeys(("ReLU", "ReLU6", "GELU", "SiLU", "ELU", "Mish"), lambda _: _TWO),
    "LeakyReLU": lambda arguments: _leaky(arguments["negative_slope"]),
    "PReLU": lambda arguments: _leaky(arguments["init"]),
    "RReLU": lambda arguments: _leaky((arguments["lower"] + arguments["upper"]) / 2),
    "SELU": lambda _: 1.0,
    "Tanh": lambda _: 5 / 3,
}


def activation_gain(activation: Layer | None) -> float:
    """The gain that keeps the variance of a signal through an activation; 1 for none and for those not listed.

    Source: He et al. 2015, arXiv:1502.01852, eq. 15, for ReLU and its leaky kin (ELU and the smooth ones are treated
    as ReLU); `torch.nn.init.calculate_gain` for Tanh; Klambauer et al. 2017, arXiv:1706.02515, for SELU, whose fixed
    point needs a gain of 1.
    """
    if activation is None or activation.type not in _GAINS:
        return 1.0
    signature = find_layer(activation.type)
    defaults = {name: parameter.default for name, parameter in signature.parameters.items()} if signature else {}
    return _GAINS[activation.type]({**defaults, **activation.arguments})


def initializer_gain(initializer: Component, activation: Layer | None) -> float | None:
    """The gain with which an initialiser scales its fan; None for one that has no gain.

    `kaiming_*` and `xavier_*` take that of the activation, unless `gain`, `nonlinearity` or `a` is given; then torch's
    own table holds. `orthogonal_` has its own argument and never looks at the activation.
    """
    given = initializer.arguments
    if initializer.type.startswith("xavier_"):
        return float(given["gain"]) if "gain" in given else activation_gain(activation)
    if initializer.type.startswith("kaiming_"):
        if {"nonlinearity", "a"}.isdisjoint(given):
            return activation_gain(activation)
        return torch_gain(str(given.get("nonlinearity", "leaky_relu")), slope=float(given.get("a", 0.0)))
    return float(given.get("gain", 1.0)) if initializer.type == "orthogonal_" else None


def torch_gain(nonlinearity: str, *, slope: float = 0.0) -> float:
    """The gain that torch itself gives a nonlinearity, for those that `kaiming_*` takes.

    Source: `torch.nn.init.calculate_gain`.
    """
    table = {"tanh": 5 / 3, "relu": _TWO, "leaky_relu": _leaky(slope), "selu": 3 / 4}
    return table.get(nonlinearity, 1.0)


def gain_for(layers: Sequence[Layer], name: str, initializer: Component) -> float | None:
    """The gain with which an initialiser fills the weight of a layer; None for an initialiser that has none.

    Raises:
        KeyError: There is no layer of that name.
    """
    return initializer_gain(initializer, activation_after(layers, name))
