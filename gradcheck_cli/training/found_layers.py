"""Which modules of a network are its layers, and what each is called; it runs and changes none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.recording.description import LayerKind

_PLAIN = (bool, int, float, str, type(None))


@dataclass(frozen=True, eq=False)
class FoundLayer:
    """One module that counts as a layer.

    Attributes:
        name: Its place in the network, as `named_modules` has it.
        type: The torch class that it is, or inherits its forward pass from; else its own class.
        is_whole: Whether the tensors of the modules in it are its own.
    """

    name: str
    module: nn.Module
    type: str
    kind: LayerKind
    is_whole: bool = True

    @property
    def parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Its tensors by torch's names within it, tied ones each time."""
        return self.module.named_parameters(recurse=self.is_whole, remove_duplicate=False)

    @property
    def observed(self) -> nn.Module:
        """What is looked at while the network runs."""
        return self.module if self.is_whole else OwnTensors(self.module)

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of torch's own arguments that the module keeps, as plain values."""
        signature = find_layer(self.type)
        found = {name: getattr(self.module, name, None) for name in (signature.parameters if signature else ())}
        if "bias" in found and not isinstance(found["bias"], bool):
            found["bias"] = found["bias"] is not None
        return {name: _as_plain(value) for name, value in found.items() if value is not None and _is_plain(value)}


class OwnTensors(nn.Module):
    """Stands for the tensors that a module has beside the layers in it, and is never called.

    What such a module gives is what its last layer gives: it is not to be taken for the output of a layer of its own.
    """

    def __init__(self, owner: nn.Module) -> None:
        super().__init__()
        # Not as an inner module: that would make its layers this one's.
        object.__setattr__(self, "_owner", owner)

    def get_parameter(self, target: str) -> nn.Parameter:
        """As the owner has it now."""
        owner: nn.Module = self._owner  # type: ignore[assignment]
        return owner.get_parameter(target)


def find_layers(network: nn.Module) -> Iterator[FoundLayer]:
    """Torch's own layers, and modules of the user's own that hold no other or have tensors of their own.

    Each module counts once, under the first of its names.
    """
    seen: set[int] = set()
    yield from _walk(network, "", seen)


def _walk(module: nn.Module, name: str, seen: set[int]) -> Iterator[FoundLayer]:
    if id(module) in seen:
        return
    seen.add(id(module))
    known = _known_type(module)
    children = list(module.named_children())
    if known or not children:
        signature = find_layer(known)
        kind = LayerKind(signature.kind) if signature and signature.kind else LayerKind.OTHER
        seen.update(id(inner) for inner in module.modules())
        yield FoundLayer(name or type(module).__name__.lower(), module, known or type(module).__name__, kind)
        return
    for child_name, child in children:
        yield from _walk(child, f"{name}.{child_name}" if name else child_name, seen)
    if next(module.named_parameters(recurse=False), None) is not None:
        own = name or type(module).__name__.lower()
        yield FoundLayer(own, module, type(module).__name__, LayerKind.OTHER, is_whole=False)


def _known_type(module: nn.Module) -> str:
    """The class of torch.nn whose forward pass a module has; empty where it is not in the catalog."""
    forward = getattr(type(module), "forward", None)
    for kind in type(module).__mro__:
        if kind.__module__.startswith("torch.nn.") and find_layer(kind.__name__) is not None:
            return kind.__name__ if forward is getattr(kind, "forward", None) else ""
    return ""


def _is_plain(value: Any) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, tuple | list) and all(map(_is_plain, value)))


def _as_plain(value: Any) -> Any:
    return [_as_plain(entry) for entry in value] if isinstance(value, tuple | list) else value


def tensors_in(nested: Any) -> Iterator[Tensor]:
    """The tensors in what a layer takes or gives, in order."""
    if isinstance(nested, Tensor):
        yield nested
        return
    values = nested.values() if isinstance(nested, Mapping) else nested if isinstance(nested, list | tuple) else ()
    for value in values:
        yield from tensors_in(value)


def first_tensor(nested: Any) -> Tensor | None:
    """The first of them; None where there is none."""
    return next(tensors_in(nested), None)
