"""Describes somebody's own `nn.Module` as rules read it, from the live object alone; it runs and measures nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.loss import _Loss
from torch.nn.parallel import DataParallel, DistributedDataParallel

from gradcheck_cli.config.catalog import Signature
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.recording.description import LayerDescription, LayerKind, ParameterDescription
from gradcheck_cli.recording.symmetry import is_symmetric

COMPILED = "_orig_mod"
_PARAMETRIZATIONS = "parametrizations"
_KINDS_BY_ENDING = {"Norm": LayerKind.NORMALIZATION, "Activation": LayerKind.ACTIVATION}
"""Kinds of layers that are not torch's own, by how their class names end."""


@dataclass(frozen=True, eq=False)
class LiveModel:
    """A network as it is.

    Attributes:
        root: The network itself, without wrappers of torch.
        modules: By layer name: what has no inner modules, and whatever owns parameters itself. A module that is used
            or registered several times stands once.
        layers: Their descriptions, in the order in which they are registered.
        compiled: Names of the layers inside a compiled module, whose calls cannot be seen.
        is_sequence: Whether the layers tell all that happens between input and output: nothing but torch's own in
            `nn.Sequential`.
    """

    root: nn.Module
    modules: Mapping[str, nn.Module]
    layers: tuple[LayerDescription, ...]
    compiled: frozenset[str]
    is_sequence: bool


def describe_model(model: nn.Module, trained: Collection[nn.Parameter] | None = None) -> LiveModel:
    """Describe a network.

    Args:
        model: May be wrapped by `torch.compile` or for data parallelism.
        trained: What the optimizer holds: these are recorded, frozen or not. None: what requires gradients.
    """
    root, is_compiled = _unwrap(model)
    found = list(_walk(root, "", is_compiled=is_compiled))
    kept = {id(parameter) for parameter in trained} if trained is not None else None
    names: dict[int, str] = {}
    ordinals: Counter[str] = Counter()
    layers = []
    for place in found:
        signature = _find_signature(place.module)
        kind = signature.name if signature is not None else find_class(place.module).__name__
        ordinals[kind] += 1
        parameters = tuple(_describe_parameters(place, names, kept))
        layers.append(
            LayerDescription(
                name=place.name,
                type=kind,
                kind=_find_kind(place.module, signature),
                ordinal=ordinals[kind],
                arguments=_read_arguments(place.module, signature),
                parameters=parameters,
                trainable=not parameters or any(one.trainable for one in parameters),
            )
        )
    return LiveModel(
        root=root,
        modules={place.name: place.module for place in found},
        layers=tuple(layers),
        compiled=frozenset(place.name for place in found if place.is_compiled),
        is_sequence=_is_sequence(root),
    )


def unwrap_model(model: nn.Module) -> nn.Module:
    """The network without torch's wrappers."""
    return _unwrap(model)[0]


def find_class(module: nn.Module) -> type:
    """The class that it was made of: FSDP2 gives a module one of its own, `FSDPNet` of `FSDPModule` and `Net`."""
    own, *bases = type(module).__mro__
    return bases[1] if bases[0].__name__ == "FSDPModule" else own


def _unwrap(model: nn.Module) -> tuple[nn.Module, bool]:
    is_compiled = _is_compiled(model)
    while True:
        inner = getattr(model, COMPILED, None)
        if isinstance(model, DataParallel | DistributedDataParallel):
            inner = model.module
        if not isinstance(inner, nn.Module):
            return model, is_compiled
        model = inner
        is_compiled = is_compiled or _is_compiled(model)


@dataclass(frozen=True, eq=False)
class _Place:
    """A module that counts as a layer."""

    name: str
    module: nn.Module
    is_compiled: bool
    is_leaf: bool


def _walk(module: nn.Module, name: str, *, is_compiled: bool, seen: set[int] | None = None) -> Iterator[_Place]:
    seen = set() if seen is None else seen
    if id(module) in seen or isinstance(module, _Loss):
        return
    seen.add(id(module))
    is_compiled = is_compiled or _is_compiled(module)
    is_leaf = _is_leaf(module)
    if is_leaf or any(True for _ in module.parameters(recurse=False)):
        yield _Place(name or find_class(module).__name__, module, is_compiled, is_leaf)
    if is_leaf:
        return
    for key, child in module.named_children():
        inner = name if key == COMPILED else f"{name}.{key}" if name else key
        yield from _walk(child, inner, is_compiled=is_compiled, seen=seen)


def _is_leaf(module: nn.Module) -> bool:
    """Whether it counts as one layer: torch's own layers do, whatever is in them."""
    return _find_signature(module) is not None or all(key == _PARAMETRIZATIONS for key, _ in module.named_children())


def _is_compiled(module: nn.Module) -> bool:
    return hasattr(module, COMPILED) or getattr(module, "_compiled_call_impl", None) is not None


def _find_signature(module: nn.Module) -> Signature | None:
    """Of the class of torch's that it is or derives from."""
    for one in type(module).__mro__:
        if one.__module__.startswith("torch.nn.modules.") and (signature := find_layer(one.__name__)) is not None:
            return signature
    return None


def _find_kind(module: nn.Module, signature: Signature | None) -> LayerKind:
    if signature is not None:
        return LayerKind(signature.kind)
    name = find_class(module).__name__
    kinds = (kind for ending, kind in _KINDS_BY_ENDING.items() if name.endswith(ending) and _is_leaf(module))
    return next(kinds, LayerKind.OTHER)


def _read_arguments(module: nn.Module, signature: Signature | None) -> dict[str, Any]:
    """What the module still knows of the arguments it was made with."""
    arguments: dict[str, Any] = {}
    for name in signature.parameters if signature is not None else ():
        value = getattr(module, name, NotImplemented)
        if name == "bias":
            arguments[name] = value is not None and value is not False
        elif value is None or isinstance(value, bool | int | float | str | tuple):
            arguments[name] = value
    return arguments


def _describe_parameters(
    place: _Place, names: dict[int, str], trained: Collection[int] | None
) -> Iterator[ParameterDescription]:
    """A tensor that came before under another name is tied to it."""
    for key, parameter in place.module.named_parameters(recurse=place.is_leaf, remove_duplicate=False):
        name = f"{place.name}.{key}"
        known = names.setdefault(id(parameter), name)
        yield ParameterDescription(
            name=name,
            layer=place.name,
            shape=tuple(parameter.shape),
            trainable=parameter.requires_grad if trained is None else id(parameter) in trained,
            alias_of=known if known != name else None,
            init_std=_spread(parameter),
            init_symmetric=_is_plain(parameter) and is_symmetric(parameter, place.module),
        )


def _spread(parameter: Tensor) -> float | None:
    if not _is_plain(parameter) or parameter.numel() < 2 or not parameter.is_floating_point():
        return None
    return float(parameter.detach().float().std(correction=0))


def _is_plain(parameter: Tensor) -> bool:
    """Whether its values are here: a lazy parameter has none yet, and of a sharded one this is but a part."""
    lazy = torch.nn.parameter.is_lazy(parameter)
    return not lazy and not parameter.is_meta and not hasattr(parameter, "placements")


def _is_sequence(module: nn.Module) -> bool:
    if _find_signature(module) is not None:
        return True
    return find_class(module) is nn.Sequential and all(_is_sequence(child) for child in module.children())
