"""Describes the layers found in somebody's own network, from the live modules alone; it runs and changes none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from gradcheck_cli.recording.description import LayerDescription, ParameterDescription
from gradcheck_cli.recording.distributed import is_sharded
from gradcheck_cli.recording.found_layers import FoundLayer
from gradcheck_cli.recording.symmetry import is_symmetric

_PLAIN = (bool, int, float, str, type(None))
_FULL_ITEMSIZE = 4
"""Bytes of a float32, from which on torch computes with numbers as they are."""


def describe_layers(
    found: Iterable[FoundLayer], trained: Collection[nn.Parameter] | None = None
) -> Iterator[LayerDescription]:
    """Describe layers, in their order; a tensor that came before under another name is tied to it.

    Args:
        trained: What the optimizer holds: it counts as trained, frozen or not. None: what requires gradients.
    """
    kept = None if trained is None else {id(parameter) for parameter in trained}
    first_names: dict[int, str] = {}
    ordinals: Counter[str] = Counter()
    for layer in found:
        ordinals[layer.module_class.type] += 1
        parameters = tuple(_describe_parameters(layer, first_names, kept))
        yield LayerDescription(
            name=layer.name,
            type=layer.module_class.type,
            kind=layer.kind,
            ordinal=ordinals[layer.module_class.type],
            arguments=dict(_read_arguments(layer)),
            parameters=parameters,
            trainable=not parameters or any(one.trainable for one in parameters),
        )


def number_layers(layers: Iterable[LayerDescription]) -> Iterator[LayerDescription]:
    """The same layers, those of each type counted from 1 in this order."""
    ordinals: Counter[str] = Counter()
    for layer in layers:
        ordinals[layer.type] += 1
        yield replace(layer, ordinal=ordinals[layer.type])


def describe_parameter(name: str, parameter: Tensor, *, layer: str, module: nn.Module) -> ParameterDescription:
    """Describe one tensor as it is now.

    Args:
        layer: Name of the layer that owns it.
        module: Whose tensor it is.
    """
    values = _values(parameter)
    return ParameterDescription(
        name=name,
        layer=layer,
        shape=() if torch.nn.parameter.is_lazy(parameter) else tuple(parameter.shape),
        trainable=parameter.requires_grad,
        # The spread of a single number is not zero but unknown.
        init_std=float(values.std(correction=0)) if values is not None and values.numel() > 1 else None,
        init_symmetric=values is not None and is_symmetric(values, module),
    )


def _describe_parameters(
    layer: FoundLayer, first_names: dict[int, str], kept: Collection[int] | None
) -> Iterator[ParameterDescription]:
    for key, parameter in layer.parameters:
        name = f"{layer.name}.{key}"
        described = describe_parameter(name, parameter, layer=layer.name, module=layer.module)
        first = first_names.setdefault(id(parameter), name)
        # An optimizer that is given all there is holds integers too, which have no gradient.
        is_trained = described.trainable if kept is None else id(parameter) in kept and _can_be_trained(parameter)
        if first != name or is_trained != described.trainable:
            described = replace(described, trainable=is_trained, alias_of=None if first == name else first)
        yield described


def _can_be_trained(parameter: Tensor) -> bool:
    return parameter.dtype.is_floating_point or parameter.dtype.is_complex


def _values(parameter: Tensor) -> Tensor | None:
    """Its numbers, in float32 or better.

    None where they are no real numbers, or not here: a lazy parameter has none yet, nor has one on the meta device, and
    of a sharded one this process holds but a part.
    """
    if torch.nn.parameter.is_lazy(parameter) or parameter.is_meta or is_sharded(parameter):
        return None
    if not parameter.dtype.is_floating_point:
        return None
    values = parameter.detach()
    return values if values.element_size() >= _FULL_ITEMSIZE else values.float()


def _read_arguments(layer: FoundLayer) -> Iterator[tuple[str, Any]]:
    """What the module still knows of the arguments of torch's that it was made with, as a config has them."""
    signature = layer.module_class.signature
    if signature is None:
        return
    for name in signature.parameters:
        value = getattr(layer.module, name, NotImplemented)
        if name == "bias":
            yield name, _has_bias(layer, value)
        # Lazy layers have inputs of size 0 until they are called.
        elif _is_plain(value) and not (name == signature.inferred and value == 0):
            yield name, _as_plain(value)


def _has_bias(layer: FoundLayer, value: object) -> bool:
    """By the attribute `bias`; attention has none, but tensors that are called so."""
    if value is NotImplemented:
        return any(key.endswith("bias") for key, _ in layer.parameters)
    return value is not None and value is not False


def _is_plain(value: object) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, tuple | list) and all(map(_is_plain, value)))


def _as_plain(value: Any) -> Any:
    return [_as_plain(entry) for entry in value] if isinstance(value, tuple | list) else value
