"""Finds biases that the next normalisation takes away again, so that they have no effect; it changes no module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from gradcheck_cli.recording.description import LayerDescription, LayerKind
from gradcheck_cli.training.initialization import is_bias

BIAS_BEFORE_NORMALIZATION = "bias before a normalisation that removes it"

_PADDED_BY_ZERO = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
# Pooling that gives x + b out of x + b where it gives x out of x.
_POOLING = (
    *_PADDED_BY_ZERO,
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.MaxPool3d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveAvgPool3d,
    nn.AdaptiveMaxPool1d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveMaxPool3d,
)


@dataclass(frozen=True)
class BuiltLayer:
    """A layer in a sequence, described and alive."""

    description: LayerDescription
    module: nn.Module


def layers_with_removed_bias(layers: Sequence[BuiltLayer]) -> Iterator[str]:
    """Names of the linear and convolution layers of a sequence whose bias has no effect.

    Batch and instance normalisation subtract the mean of each channel, and with it whatever constant was added to the
    channel; layer normalisation does not.
    """
    for index, layer in enumerate(layers):
        has_bias = getattr(layer.module, "bias", None) is not None
        if has_bias and _adds_to_channels(layer.description) and _is_removed(layers[index + 1 :]):
            yield layer.description.name


def without_effect(description: LayerDescription) -> LayerDescription:
    """The same layer with its biases marked."""
    parameters = tuple(
        replace(parameter, no_effect=BIAS_BEFORE_NORMALIZATION) if is_bias(parameter.name) else parameter
        for parameter in description.parameters
    )
    return replace(description, parameters=parameters)


def _adds_to_channels(description: LayerDescription) -> bool:
    """Whether the bias is added along the first dimension of a row, where normalisations have their channels."""
    if description.kind is LayerKind.CONVOLUTION:
        return True
    return description.kind is LayerKind.AFFINE and len(description.output_shape or ()) == 1


def _is_removed(following: Sequence[BuiltLayer]) -> bool:
    for later in following:
        if _removes_offsets(later.module):
            return True
        if not _passes_offsets_on(later.module):
            return False
    return False


def _removes_offsets(module: nn.Module) -> bool:
    if isinstance(module, _BatchNorm | _InstanceNorm):
        return True
    return isinstance(module, nn.GroupNorm) and module.num_groups == module.num_channels


def _passes_offsets_on(module: nn.Module) -> bool:
    """Whether a constant in each channel comes out as a constant in each channel (or feature, after Flatten)."""
    if isinstance(module, _PADDED_BY_ZERO):
        padding = module.padding
        return not any(padding) if isinstance(padding, tuple) else not padding
    return isinstance(module, (nn.Identity, nn.Flatten, *_POOLING))
