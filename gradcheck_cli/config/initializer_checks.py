"""Which initialiser fits which tensor; it reads no values and computes no gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradcheck_cli.config.catalog import INITIALIZERS, Signature
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.quoting import list_names
from gradcheck_cli.config.schema import Component

DEFAULT_KINDS = ("affine", "convolution")
"""Kinds of layers that `model.weight_init` and `model.bias_init` reach."""

_FROM_TWO = range(2, 10)
_DIMENSIONS: Mapping[str, range] = {
    "dirac_": range(3, 6),
    "eye_": range(2, 3),
    "sparse_": range(2, 3),
    "orthogonal_": _FROM_TWO,
    **dict.fromkeys(("kaiming_normal_", "kaiming_uniform_", "xavier_normal_", "xavier_uniform_"), _FROM_TWO),
}
"""How many dimensions a tensor must have; the other initialisers take any."""

_SWITCHES = ("affine", "elementwise_affine")


def fits(initializer: str, dimensions: int) -> bool:
    """Whether torch can fill a tensor of so many dimensions with it."""
    return initializer not in _DIMENSIONS or dimensions in _DIMENSIONS[initializer]


def has_weight(signature: Signature, arguments: Mapping[str, Any]) -> bool:
    """Whether a layer with these arguments has a weight."""
    switches = [signature.parameters[name] for name in _SWITCHES if name in signature.parameters]
    return signature.weight_dimensions > 0 and all(arguments.get(s.name, s.default) for s in switches)


def has_bias(signature: Signature, arguments: Mapping[str, Any]) -> bool:
    """Whether a layer with these arguments has a bias."""
    switch = signature.parameters.get("bias")
    wanted = arguments.get("bias", switch.default) if switch else True
    return signature.bias and bool(wanted) and has_weight(signature, arguments)


def check_initializers(
    node: Node,
    signature: Signature,
    arguments: Mapping[str, Any],
    initializers: Mapping[str, Component | None],
) -> None:
    """Report initialisers that a layer has no tensor for, or that do not fit the tensor."""
    weight, bias = initializers.get("weight_init"), initializers.get("bias_init")
    if weight is not None:
        place = node.child("weight_init")
        if not has_weight(signature, arguments):
            place.report(f"{signature.name} with these arguments has no weight")
        else:
            report_misfit(place, weight.type, signature.weight_dimensions, of=f"the weight of {signature.name}")
    if bias is not None:
        place = node.child("bias_init")
        if not has_bias(signature, arguments):
            place.report(f"{signature.name} with these arguments has no bias")
        else:
            report_misfit(place, bias.type, 1, of="a bias")


def report_misfit(place: Node, initializer: str, dimensions: int, *, of: str) -> None:
    """Report an initialiser that cannot fill a tensor of so many dimensions."""
    if not fits(initializer, dimensions):
        shown = f"{dimensions} dimension{'s' if dimensions > 1 else ''}"
        allowed = list_names(name for name in INITIALIZERS if fits(name, dimensions))
        place.report(f"{initializer} cannot fill {of}, which has {shown}", allowed=allowed)
