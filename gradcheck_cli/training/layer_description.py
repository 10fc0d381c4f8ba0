"""Turns a live layer into the torch-free description that rules read; it builds and measures nothing of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from gradcheck_cli.config.layers import Layer
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.recording.description import LayerDescription, LayerKind, ParameterDescription
from gradcheck_cli.recording.live_layers import describe_parameter
from gradcheck_cli.training.initialization import Initialization


def describe_layer(
    layer: Layer, module: nn.Module, arguments: Mapping[str, Any], *, initializations: Mapping[str, Initialization]
) -> LayerDescription:
    """Describe a layer without inner layers, right after its initialisation.

    Args:
        arguments: As given, with the inferred input size.
        initializations: By torch's parameter name, for those with an initialiser of the config's.
    """
    parameters = tuple(
        replace(
            describe_parameter(f"{layer.name}.{name}", parameter, layer=layer.name, module=module),
            init=done.function if (done := initializations.get(name)) else None,
            init_gain=done.gain if done else None,
        )
        for name, parameter in module.named_parameters()
    )
    return _describe(layer, arguments, parameters)


def describe_container(layer: Layer) -> LayerDescription:
    """Describe a `Residual` or `Concat`; its inner layers are described by themselves."""
    return _describe(layer, layer.arguments, ())


def _describe(
    layer: Layer, arguments: Mapping[str, Any], parameters: tuple[ParameterDescription, ...]
) -> LayerDescription:
    signature = find_layer(layer.type)
    return LayerDescription(
        name=layer.name,
        type=layer.type,
        kind=LayerKind(signature.kind) if signature else LayerKind.OTHER,
        ordinal=layer.ordinal,
        arguments=dict(arguments),
        path=layer.path,
        parameters=parameters,
        trainable=layer.trainable,
    )
