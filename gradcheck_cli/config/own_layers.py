"""The layer types of our own, described like those of torch; it builds none of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradcheck_cli.config.catalog import LAYERS, Parameter, Signature

ELEMENTWISE_FUNCTIONS = (
    "abs",
    "asinh",
    "atan",
    "cos",
    "cosh",
    "erf",
    "exp",
    "expm1",
    "log",
    "log1p",
    "neg",
    "reciprocal",
    "rsqrt",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
)
"""Functions of the `torch` namespace, by their names there."""


def _own(name: str, summary: str, kind: str, *parameters: Parameter) -> Signature:
    return Signature(name, {parameter.name: parameter for parameter in parameters}, summary=summary, kind=kind)


_SIGNATURES = (
    _own("Residual", "The sum of a branch of layers and a shortcut.", "residual"),
    _own(
        "Concat",
        "Branches side by side, joined along a dimension.",
        "concat",
        Parameter("dim", ("int",), default=1, help="The dimension to join along; 0 is the batch."),
    ),
    _own("LastStep", "The last time step of a sequence: [N, T, D] to [N, D].", "shape"),
    _own("MeanOverTime", "The mean over time of a sequence: [N, T, D] to [N, D].", "shape"),
    _own(
        "PositionalEncoding",
        "Adds to each time step a vector that tells its place: sinusoids to base 10,000, or learned.",
        "other",
        Parameter(
            "kind",
            ("str",),
            default="sinusoidal",
            choices=("sinusoidal", "learned"),
            help="Fixed sinusoids, or vectors that are learned.",
        ),
    ),
    _own(
        "Elementwise",
        "A function of each element.",
        "activation",
        Parameter(
            "function",
            ("str",),
            required=True,
            choices=ELEMENTWISE_FUNCTIONS,
            help="A function of the torch namespace.",
        ),
    ),
    _own(
        "Permute",
        "Reorders the dimensions; they count from 0 after the batch dimension.",
        "shape",
        Parameter(
            "dims",
            ("int[]",),
            required=True,
            help="The dimensions in their new order, from 0 after the batch dimension.",
        ),
    ),
    _own(
        "Reshape",
        "Gives each row another shape, without the batch dimension; one entry may be -1.",
        "shape",
        Parameter(
            "shape", ("int[]",), required=True, help="The new shape without the batch dimension; one entry may be -1."
        ),
    ),
)

OWN_LAYERS: Mapping[str, Signature] = MappingProxyType({signature.name: signature for signature in _SIGNATURES})


def find_layer(name: str) -> Signature | None:
    """The signature of a layer type, torch's or our own; None where there is none."""
    return OWN_LAYERS.get(name) or LAYERS.get(name)
