"""Configs of networks out of plain Python lists, for tests that build them; nothing is read from text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gradcheck_cli.config.schema import (
    Component,
    Config,
    DataConfig,
    LayerConfig,
    ModelConfig,
    TrainerConfig,
)
from gradcheck_cli.training.model import BuiltModel, build_model

Written = str | Mapping[str, Any]
"""A layer or component as a config writes it."""


def component(written: Written) -> Component:
    """`ReLU` or `{"type": "LeakyReLU", "negative_slope": 0.1}`."""
    keys = {"type": written} if isinstance(written, str) else dict(written)
    return Component(type=keys.pop("type"), arguments=keys)


def layers(written: Sequence[Written], path: str = "model.layers") -> tuple[LayerConfig, ...]:
    """A list of layers as a config writes it."""
    return tuple(_layer(entry, f"{path}[{index}]") for index, entry in enumerate(written))


def _layer(written: Written, path: str) -> LayerConfig:
    keys = {"type": written} if isinstance(written, str) else dict(written)
    own: dict[str, Any] = {name: keys.pop(name) for name in ("name", "repeat", "trainable") if name in keys}
    for name in ("weight_init", "bias_init"):
        if name in keys:
            own[name] = component(keys.pop(name))
    for name in ("layers", "shortcut"):
        if name in keys:
            own[name] = layers(keys.pop(name), f"{path}.{name}")
    if "branches" in keys:
        own["branches"] = tuple(
            layers(branch, f"{path}.branches[{index}]") for index, branch in enumerate(keys.pop("branches"))
        )
    return LayerConfig(type=keys.pop("type", "Group"), arguments=keys, path=path, **own)


def network(written: Sequence[Written], **defaults: Written) -> Config:
    """A config around these layers; `defaults` are `weight_init` and `bias_init` of the model."""
    drawn: dict[str, Any] = {name: component(value) for name, value in defaults.items()}
    model = ModelConfig(layers=layers(written), **drawn)
    return Config(
        name="test",
        data=DataConfig(type="digits"),
        model=model,
        loss=component("CrossEntropyLoss"),
        optimizer=component({"type": "SGD", "lr": 0.1}),
        trainer=TrainerConfig(epochs=1),
    )


def rows(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal rows `[N, ...]`."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def tokens(rows: int, time: int, symbols: int) -> Tensor:
    """Token ids `[N, T]`, each symbol in turn."""
    return torch.arange(rows * time).reshape(rows, time) % symbols


def build(
    written: Sequence[Written], example: Tensor, *, seed: int = 0, largest_token: int | None = None, **defaults: Any
) -> BuiltModel:
    """Build a network out of plain lists."""
    return build_model(network(written, **defaults), example, seed=seed, largest_token=largest_token)
