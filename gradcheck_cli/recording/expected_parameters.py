"""The weights and biases that a linear or convolution layer will have, from its config; it draws no number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gradcheck_cli.config.catalog import Signature
from gradcheck_cli.config.gain import initializer_gain
from gradcheck_cli.config.initializer_checks import DEFAULT_KINDS, has_bias
from gradcheck_cli.config.layers import Layer
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.config.schema import Component
from gradcheck_cli.config.shapes import Shape, inferred_size, per_dimension
from gradcheck_cli.recording.description import ParameterDescription

CONSTANT = frozenset({"constant_", "zeros_", "ones_"})
"""Initialisers that give all weights one value."""


def expect_parameters(
    layer: Layer, *, input_shape: Shape | None, activation: Layer | None
) -> tuple[ParameterDescription, ...]:
    """Weight and bias of a layer with the standard deviations to be expected.

    Empty for other kinds of layers, and where the size of the input is not known.

    Args:
        input_shape: Of one row.
        activation: The activation that the layer's output reaches.
    """
    signature = find_layer(layer.type)
    shape = _weight_shape(layer, signature, input_shape) if signature is not None else None
    if signature is None or shape is None:
        return ()
    weight = _describe(layer, "weight", shape, layer.weight_init, fan=_fan_in(shape), activation=activation)
    if not has_bias(signature, layer.arguments):
        return (weight,)
    outputs = layer.arguments.get("out_features") or layer.arguments["out_channels"]
    return weight, _describe(layer, "bias", (outputs,), layer.bias_init, fan=_fan_in(shape), activation=None)


def _weight_shape(layer: Layer, signature: Signature, input_shape: Shape | None) -> Shape | None:
    given = layer.arguments
    inputs = given.get(signature.inferred) or inferred_size(layer.type, input_shape)
    if signature.kind not in DEFAULT_KINDS or not isinstance(inputs, int):
        return None
    if signature.kind == "affine":
        return (given["out_features"], inputs) if layer.type == "Linear" else None
    kernel = per_dimension(given["kernel_size"], signature.weight_dimensions - 2)
    groups, outputs = given.get("groups", 1), given["out_channels"]
    if "Transpose" in layer.type:
        return (inputs, outputs // groups, *kernel)
    return (outputs, inputs // groups, *kernel)


def _fan_in(shape: Shape) -> int:
    """Source: `torch.nn.init._calculate_fan_in_and_fan_out`."""
    return max(math.prod(shape[1:]), 1)


def _describe(
    layer: Layer, name: str, shape: Shape, component: Component | None, *, fan: int, activation: Layer | None
) -> ParameterDescription:
    gain = initializer_gain(component, activation) if component is not None else None
    return ParameterDescription(
        name=f"{layer.name}.{name}",
        layer=layer.name,
        shape=shape,
        trainable=layer.trainable,
        init=component.type if component is not None else None,
        # torch's own default is uniform within 1 / sqrt(fan_in), for weights and biases alike.
        init_std=1 / math.sqrt(3 * fan) if component is None else expected_std(component, shape, gain=gain or 1.0),
        init_gain=gain,
        init_symmetric=component is not None and component.type in CONSTANT and len(shape) > 1 and shape[0] > 1,
    )


def expected_std(component: Component, shape: Shape, *, gain: float) -> float | None:
    """The standard deviation of a tensor that an initialiser fills; None where it follows no simple law.

    Source: the documentation of `torch.nn.init`. `trunc_normal_` is taken as normal where it cuts off little.
    """
    law = _LAWS.get(component.type)
    return 0.0 if component.type in CONSTANT else law(component.arguments, shape, gain) if law is not None else None


def _kaiming(given: Mapping[str, Any], shape: Shape, gain: float) -> float:
    fan = _fan_out(shape) if given.get("mode") == "fan_out" else _fan_in(shape)
    return gain / math.sqrt(fan)


def _xavier(given: Mapping[str, Any], shape: Shape, gain: float) -> float:
    return gain * math.sqrt(2 / (_fan_in(shape) + _fan_out(shape)))


def _fan_out(shape: Shape) -> int:
    return max(shape[0] * math.prod(shape[2:]), 1)


def _orthogonal(given: Mapping[str, Any], shape: Shape, gain: float) -> float:
    return gain / math.sqrt(max(shape[0], math.prod(shape[1:])))


def _truncated(given: Mapping[str, Any], shape: Shape, gain: float) -> float | None:
    std, cut = float(given.get("std", 1.0)), min(abs(given.get("a", -2.0)), abs(given.get("b", 2.0)))
    return std if 0 < 2 * std <= cut else None


def _sparse(given: Mapping[str, Any], shape: Shape, gain: float) -> float:
    return math.sqrt(1 - float(given["sparsity"])) * float(given.get("std", 0.01))


_LAWS: Mapping[str, Callable[[Mapping[str, Any], Shape, float], float | None]] = {
    "normal_": lambda given, shape, gain: float(given.get("std", 1.0)),
    "uniform_": lambda given, shape, gain: abs(given.get("b", 1.0) - given.get("a", 0.0)) / math.sqrt(12),
    "trunc_normal_": _truncated,
    "kaiming_normal_": _kaiming,
    "kaiming_uniform_": _kaiming,
    "xavier_normal_": _xavier,
    "xavier_uniform_": _xavier,
    "orthogonal_": _orthogonal,
    "sparse_": _sparse,
}
