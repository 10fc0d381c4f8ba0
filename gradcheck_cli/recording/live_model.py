"""Describes somebody's own `nn.Module` as rules read it, from the live object alone; it runs and measures nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from torch import nn

from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.recording.found_layers import FoundLayer, find_layers, unwrap_model
from gradcheck_cli.recording.live_layers import describe_layers
from gradcheck_cli.recording.module_classes import find_class


@dataclass(frozen=True, eq=False)
class LiveModel:
    """A network as it is.

    Attributes:
        root: The network itself, without wrappers of torch.
        modules: By layer name.
        layers: Their descriptions, in the order in which they are registered.
        compiled: Names of the layers inside a compiled module, whose calls cannot be seen.
        is_sequence: Whether the layers tell all that happens between input and output: nothing but torch's own in
            `nn.Sequential`, each once.
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
    root, found = unwrap_model(model), find_layers(model)
    return LiveModel(
        root=root,
        modules={layer.name: layer.module for layer in found},
        layers=tuple(describe_layers(found, trained)),
        compiled=frozenset(layer.name for layer in found if layer.is_compiled),
        is_sequence=_is_sequence(root, found),
    )


def _is_sequence(root: nn.Module, found: Collection[FoundLayer]) -> bool:
    torchs_own = {id(layer.module) for layer in found if layer.module_class.is_torchs_own}
    parts = [id(part) for part in _list_parts(root)]
    # A module that comes again is described where it comes first, and its second place would be missing.
    return len(parts) == len(set(parts)) and torchs_own.issuperset(parts)


def _list_parts(module: nn.Module) -> Iterator[nn.Module]:
    if find_class(module) is not nn.Sequential:
        yield module
        return
    assert isinstance(module, nn.Sequential)
    for part in module:
        yield from _list_parts(part)
