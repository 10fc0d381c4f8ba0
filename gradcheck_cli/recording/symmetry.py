"""Tells weights whose outputs are all alike from weights that tell their outputs apart; it changes no weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from gradcheck_cli.recording.description import LayerDescription

TOLERANCE = 1e-3
"""Difference over the largest weight below which two outputs are alike: equal units drift apart by rounding alone."""
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def is_symmetric(weight: Tensor, module: nn.Module, *, tolerance: float = 0.0) -> bool:
    """Whether all outputs of a weight `[outputs, inputs, ...]` are alike; False for one output or one dimension.

    Args:
        module: Whose weight it is: transposed convolutions have the outputs on the second axis, and in a convolution
            with groups outputs of equal weights still see different inputs.
        tolerance: Largest difference, over the largest weight.
    """
    if weight.dim() < 2 or getattr(module, "groups", 1) != 1:
        return False
    outputs = weight.detach().transpose(0, 1) if isinstance(module, _TRANSPOSED) else weight.detach()
    if len(outputs) < 2:
        return False
    # Of weights drawn at random the first two outputs tell it already.
    if not tolerance and not torch.equal(outputs[0], outputs[1]):
        return False
    difference = (outputs - outputs[:1]).abs().max()
    return bool(difference <= tolerance * outputs.abs().max())


def find_symmetric(layers: Iterable[LayerDescription], modules: Mapping[str, nn.Module]) -> tuple[str, ...]:
    """Names of the parameters that began with outputs all alike and still have them so."""
    with torch.no_grad():
        return tuple(
            parameter.name
            for layer in layers
            for parameter in layer.parameters
            if parameter.init_symmetric and _is_still_symmetric(parameter.name, layer.name, modules[layer.name])
        )


def _is_still_symmetric(name: str, layer: str, module: nn.Module) -> bool:
    return is_symmetric(module.get_parameter(name.removeprefix(f"{layer}.")), module, tolerance=TOLERANCE)
