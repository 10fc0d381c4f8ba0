"""The layers of a config as they will be built: groups written out, names settled; it builds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gradcheck_cli.config.schema import Component, ModelConfig


@dataclass(frozen=True)
class Layer:
    """One layer to build.

    Attributes:
        name: Unique: the user's (`fc1`; copies `fc1.0`, `fc1.1`), else type and ordinal (`linear_1`).
        type: A torch.nn class name or one of our own types.
        ordinal: From 1 among the layers of its type, in forward order.
        arguments: As written, without reserved keys.
        path: Config path of the place where it is written; copies share it.
        weight_init, bias_init: What holds for this layer, the model's default included where it reaches; else None.
        trainable: False where it or an enclosing entry is frozen.
        layers, shortcut: Of a `Residual`.
        branches: Of a `Concat`.
    """

    name: str
    type: str
    ordinal: int
    path: str
    arguments: dict[str, Any] = field(default_factory=dict)
    weight_init: Component | None = None
    bias_init: Component | None = None
    trainable: bool = True
    layers: tuple[Layer, ...] = ()
    shortcut: tuple[Layer, ...] = ()
    branches: tuple[tuple[Layer, ...], ...] = ()

    def walk(self) -> Iterator[Layer]:
        """Inner layers in forward order (shortcut last), then this one."""
        for group in (self.layers, *self.branches, self.shortcut):
            for layer in group:
                yield from layer.walk()
        yield self


def expand(model: ModelConfig) -> tuple[Layer, ...]:
    """Write out groups and repeats and settle the names."""
    raise NotImplementedError
