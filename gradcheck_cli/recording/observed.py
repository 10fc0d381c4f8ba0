"""Which tensors and modules of a network are recorded, under which names; it measures nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from torch import nn
from torch.nn.modules.conv import _ConvNd

from gradcheck_cli.recording.description import LayerDescription, LayerKind, ParameterDescription

_MIXING = frozenset(
    {LayerKind.AFFINE, LayerKind.CONVOLUTION, LayerKind.RECURRENT, LayerKind.ATTENTION, LayerKind.EMBEDDING}
)


@dataclass(frozen=True, eq=False)
class Observed:
    """What is recorded of a network.

    Attributes:
        parameters: Trainable tensors by name, in forward order of their layers; a tied tensor stands once.
        owners: The layer of each of them.
        layers: Observed modules by layer name, in forward order.
        activations: The elementwise activations among them.
        recurrent: The recurrent layers among them.
        channels_first: For each activation, whether three axes mean `[N, C, T]` rather than `[N, T, D]`.
    """

    parameters: Mapping[str, nn.Parameter]
    owners: tuple[str, ...]
    layers: Mapping[str, nn.Module]
    activations: Mapping[str, nn.Module]
    channels_first: Mapping[str, bool]
    recurrent: Mapping[str, nn.RNNBase]


def find_observed(
    modules: Mapping[str, nn.Module], layers: Sequence[LayerDescription], *, unseen: Collection[str] = ()
) -> Observed:
    """Match a description with the modules that it describes.

    Args:
        modules: By layer name.
        layers: Leaf layers and containers in forward order; those without a module are left out.
        unseen: Names of layers of which nothing but the parameters is recorded.
    """
    owners = [layer for layer in layers if layer.name in modules]
    present = [layer for layer in owners if layer.name not in unseen]
    trained = [one for layer in owners for one in layer.parameters if one.alias_of is None and one.trainable]
    return Observed(
        parameters={one.name: _find_parameter(modules[one.layer], one) for one in trained},
        owners=tuple(one.layer for one in trained),
        layers={layer.name: modules[layer.name] for layer in present},
        activations={layer.name: modules[layer.name] for layer in present if layer.kind is LayerKind.ACTIVATION},
        channels_first=_find_channel_order(present, modules),
        recurrent={layer.name: module for layer in present if isinstance(module := modules[layer.name], nn.RNNBase)},
    )


def _find_parameter(module: nn.Module, parameter: ParameterDescription) -> nn.Parameter:
    return module.get_parameter(parameter.name.removeprefix(f"{parameter.layer}."))


def _find_channel_order(layers: Sequence[LayerDescription], modules: Mapping[str, nn.Module]) -> dict[str, bool]:
    """An activation speaks of channels where the last layer before it that mixes units is a convolution."""
    order: dict[str, bool] = {}
    after_convolution = False
    for layer in layers:
        # One derived from torch's with a forward pass of its own (causal, standardised) is of no kind, and still one.
        is_convolution = isinstance(modules[layer.name], _ConvNd)
        if layer.kind in _MIXING or is_convolution:
            after_convolution = is_convolution
        elif layer.kind is LayerKind.ACTIVATION:
            order[layer.name] = after_convolution
    return order
