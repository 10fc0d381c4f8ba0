"""Which modules of somebody's own network are its layers, and what each is called; it runs and changes none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, count

from torch import nn
from torch.nn.modules.loss import _Loss
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.utils.parametrize import is_parametrized

from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.recording.module_classes import ModuleClass, find_class, read_class

_COMPILED = "_orig_mod"
_PARAMETRIZATIONS = "parametrizations"


@dataclass(frozen=True, eq=False)
class FoundLayer:
    """One module that counts as a layer.

    Attributes:
        name: Its place in the network, as `named_modules` has it; of the network itself its class, in small letters.
        module_class: What its class tells.
        is_whole: Whether the modules in it, with their tensors, are part of it; else they are layers themselves, and
            it stands for the tensors that it has beside them.
        is_compiled: Whether its calls cannot be seen.
    """

    name: str
    module: nn.Module
    module_class: ModuleClass
    is_whole: bool
    is_compiled: bool

    @property
    def kind(self) -> LayerKind:
        """What it does."""
        return self.module_class.kind if self.is_whole else LayerKind.OTHER

    @property
    def parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Its tensors by torch's names within it, tied ones each time."""
        if self.is_whole:
            return self.module.named_parameters(remove_duplicate=False)
        return _own_parameters(self.module)

    @property
    def has_forward(self) -> bool:
        """Whether it can be called; a list of tensors cannot."""
        return _has_forward(self.module)


def unwrap_model(model: nn.Module) -> nn.Module:
    """The network without torch's wrappers: of compilation, and for data parallelism."""
    return _unwrap(model)[0]


def find_layers(model: nn.Module) -> tuple[FoundLayer, ...]:
    """Torch's own layers, and modules of the user's own that hold no other or have tensors of their own.

    Each module counts once, under the first of its names, and what encloses others comes before them. Losses that
    learn nothing are no layers. A layer of torch's that was given another forward pass is one of the user's own, but
    for attention, recurrence, embeddings and normalisations, which stay in one piece.
    """
    root, is_compiled = _unwrap(model)
    walk = _Walk()
    walk.visit(root, "", is_compiled=is_compiled)
    return tuple(_name_root(walk.found, find_class(root).__name__.lower()))


class _Walk:
    def __init__(self) -> None:
        self.found: list[FoundLayer] = []
        self._seen: set[int] = set()
        self._classes: dict[type, ModuleClass] = {}

    def visit(self, module: nn.Module, name: str, *, is_compiled: bool) -> None:
        """Find the layers from a module on; an empty name is that of the network itself."""
        if id(module) in self._seen:
            return
        self._seen.add(id(module))
        children = [
            (key, child)
            for key, child in module.named_children()
            if not (_is_idle_loss(child) or (key == _PARAMETRIZATIONS and is_parametrized(module)))
        ]
        is_compiled = is_compiled or _is_compiled_in_place(module)
        known = self._read(module)
        is_whole = not children or known.is_torchs_own or (known.keeps_kind and _has_own_tensors(module))
        if (is_whole and _has_forward(module)) or _has_own_tensors(module):
            self.found.append(FoundLayer(name, module, known, is_whole, is_compiled))
        if is_whole:
            self._seen.update(id(inner) for _, child in children for inner in child.modules())
            return
        for key, child in children:
            inner = name if key == _COMPILED else f"{name}.{key}" if name else key
            self.visit(child, inner, is_compiled=is_compiled or key == _COMPILED)

    def _read(self, module: nn.Module) -> ModuleClass:
        kind = type(module)
        if kind not in self._classes:
            self._classes[kind] = read_class(find_class(module))
        return self._classes[kind]


def _name_root(found: list[FoundLayer], word: str) -> Iterator[FoundLayer]:
    """Names the network itself, as no layer in it is called."""
    taken = {layer.name.partition(".")[0] for layer in found}
    name = next(one for one in chain([word], (f"{word}_{number}" for number in count(1))) if one not in taken)
    return (layer if layer.name else replace(layer, name=name) for layer in found)


def _own_parameters(module: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Those that no inner module has; parametrized ones by what they are computed from."""
    yield from module.named_parameters(recurse=False, remove_duplicate=False)
    if is_parametrized(module):
        inner = getattr(module, _PARAMETRIZATIONS)
        yield from inner.named_parameters(_PARAMETRIZATIONS, remove_duplicate=False)


def _has_own_tensors(module: nn.Module) -> bool:
    return next(_own_parameters(module), None) is not None


def _is_idle_loss(module: nn.Module) -> bool:
    return isinstance(module, _Loss) and next(module.parameters(), None) is None


def _has_forward(module: nn.Module) -> bool:
    # TorchScript classes have no such attribute to look at.
    return getattr(type(module), "forward", None) is not nn.Module.forward


def _unwrap(model: nn.Module) -> tuple[nn.Module, bool]:
    """The network, and whether a wrapper around it is compiled."""
    is_compiled = False
    while True:
        is_parallel = isinstance(model, DataParallel | DistributedDataParallel)
        inner = model.module if is_parallel else getattr(model, _COMPILED, None)
        if not isinstance(inner, nn.Module):
            return model, is_compiled
        is_compiled = is_compiled or not is_parallel or _is_compiled_in_place(model)
        model = inner


def _is_compiled_in_place(module: nn.Module) -> bool:
    return getattr(module, "_compiled_call_impl", None) is not None
