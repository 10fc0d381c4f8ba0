"""What classes of modules are: torch's own, derived from them, or somebody's own; it looks at no module's tensors."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from torch import nn

from gradcheck_cli.config.catalog import Signature
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.recording.description import LayerKind

_MADE_BY_TORCH = ("torch.distributed.", "torch.nn.utils.parametrize")
"""Where torch makes classes of other classes while a program runs."""
_NORMALIZATION = re.compile(r"Norm(\d+d)?$")
_ACTIVATION = "Activation"
"""How the class names of layers end that are not torch's own."""
_LASTING_KINDS = frozenset({LayerKind.RECURRENT, LayerKind.ATTENTION, LayerKind.EMBEDDING, LayerKind.NORMALIZATION})
"""Kinds that a layer of torch's keeps under another forward pass; of the others rules take the very function for
granted (a linear map, a slope at each number), which the new one need not compute."""


@dataclass(frozen=True)
class ModuleClass:
    """What the class of a module tells.

    Attributes:
        type: The class of torch's whose forward pass it has; else its own.
        kind: What such a layer does; OTHER where that is not known.
        signature: Of the class of torch's that it is or derives from; None where there is none.
        is_torchs_own: Whether it has that class's forward pass.
        keeps_kind: Whether it does what that class does, by that forward pass or another one.
    """

    type: str
    kind: LayerKind
    signature: Signature | None = None
    is_torchs_own: bool = False
    keeps_kind: bool = False


def find_class(module: nn.Module) -> type:
    """The class that it was made of.

    FSDP2 gives a module a class of its own, `FSDPNet` of `FSDPModule` and `Net`; so do `replicate` and
    parametrizations.
    """
    return next(
        (
            one
            for one in type(module).__mro__
            if issubclass(one, nn.Module) and one is not nn.Module and not one.__module__.startswith(_MADE_BY_TORCH)
        ),
        type(module),
    )


def read_class(own: type) -> ModuleClass:
    """What a class, as `find_class` gives it, is."""
    name = own.__name__
    for base in own.__mro__:
        if base.__module__.startswith("torch.nn.modules.") and (signature := find_layer(base.__name__)) is not None:
            kind = LayerKind(signature.kind)
            if getattr(own, "forward", None) is getattr(base, "forward", None):
                return ModuleClass(signature.name, kind, signature, is_torchs_own=True, keeps_kind=True)
            if kind in _LASTING_KINDS:
                return ModuleClass(name, kind, signature, keeps_kind=True)
            return ModuleClass(name, _guess_kind(own), signature)
    return ModuleClass(name, _guess_kind(own))


def _guess_kind(own: type) -> LayerKind:
    if _NORMALIZATION.search(own.__name__):
        return LayerKind.NORMALIZATION
    if own.__name__.endswith(_ACTIVATION) and _takes_one_input(own):
        return LayerKind.ACTIVATION
    return LayerKind.OTHER


def _takes_one_input(own: type) -> bool:
    """Whether its forward pass can be called with one tensor, as slopes are measured."""
    _, *inputs = inspect.signature(own.forward).parameters.values()  # type: ignore[attr-defined]
    return sum(one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD for one in inputs) == 1
