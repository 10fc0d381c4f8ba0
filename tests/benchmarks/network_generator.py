"""Random networks as configs: what people might write, good and bad; it trains none and judges none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Config = dict[str, Any]
Layers = list[Any]
Random = np.random.Generator


@dataclass(frozen=True)
class Task:
    """A small data set that trains in well under a second.

    Attributes:
        data: The `data` section.
        outputs: Classes, or 0 for a number.
        kind: `rows`, `image`, `tokens` or `sequence`.
        tokens: Number of token values, for `tokens`.
    """

    data: Mapping[str, Any]
    outputs: int
    kind: str = "rows"
    tokens: int = 0


TASKS: Mapping[str, Task] = {
    "digits": Task({"type": "digits", "standardize": True, "max_samples": 700, "val_fraction": 0.3}, 10),
    "breast_cancer": Task({"type": "breast_cancer", "standardize": True, "val_fraction": 0.3}, 2),
    "wine": Task({"type": "wine", "standardize": True, "val_fraction": 0.4}, 3),
    "iris": Task({"type": "iris", "standardize": True, "val_fraction": 0.4}, 3),
    "diabetes": Task({"type": "diabetes", "standardize": True, "standardize_target": True, "val_fraction": 0.3}, 0),
    "moons": Task({"type": "moons", "n_samples": 500, "noise": 0.15, "val_fraction": 0.3}, 2),
    "circles": Task({"type": "circles", "n_samples": 500, "noise": 0.08, "factor": 0.5, "val_fraction": 0.3}, 2),
    "spirals": Task({"type": "spirals", "n_samples": 500, "noise": 0.05, "val_fraction": 0.3}, 2),
    "xor": Task({"type": "xor", "n_samples": 500, "noise": 0.1, "val_fraction": 0.3}, 2),
    "blobs": Task({"type": "blobs", "n_samples": 500, "centers": 5, "n_features": 6, "cluster_std": 3.0}, 5),
    "regression": Task(
        {
            "type": "regression",
            "n_samples": 400,
            "n_features": 12,
            "n_informative": 6,
            "noise": 10.0,
            "standardize": True,
            "standardize_target": True,
            "val_fraction": 0.3,
        },
        0,
    ),
    "digit_images": Task(
        {"type": "digits", "image": True, "standardize": True, "max_samples": 600, "val_fraction": 0.3}, 10, "image"
    ),
    "recall": Task(
        {"type": "delayed_recall", "n_samples": 600, "length": 6, "n_symbols": 4, "val_fraction": 0.3}, 4, "tokens", 4
    ),
    "adding": Task({"type": "adding_problem", "n_samples": 600, "length": 6, "val_fraction": 0.3}, 0, "sequence"),
}
ACTIVATIONS = ("ReLU", "ReLU", "ReLU", "Tanh", "Sigmoid", "GELU", "SiLU", "ELU", "SELU", "LeakyReLU", "Softplus")
INITIALIZERS: tuple[Any, ...] = (
    *(None,) * 8,
    *("kaiming_normal_", "kaiming_uniform_", "xavier_uniform_", "xavier_normal_", "orthogonal_"),
    *({"type": "normal_", "std": std} for std in (0.01, 0.1, 1.0)),
)
USUAL_RATES = {
    "SGD": 0.1,
    "momentum": 0.03,
    "Adam": 3e-3,
    "AdamW": 3e-3,
    "RMSprop": 2e-3,
    "Adagrad": 0.03,
    "NAdam": 3e-3,
}
DECADES_OF_RATE = 0.6
"""Standard deviation of log10(rate / usual rate)."""


@dataclass(frozen=True)
class Network:
    """One random network.

    Attributes:
        family: What kind of network it is.
        task: Which data it is trained on; a key of `TASKS`.
        config: As it stands in a config file.
    """

    index: int
    family: str
    task: str
    config: Config


def generate(index: int, *, seed: int) -> Network:
    """Network number `index`; it depends on nothing but the two numbers."""
    random = np.random.default_rng([seed, index])
    family = tuple(FAMILIES)[index % len(FAMILIES)]
    kinds, build = FAMILIES[family]
    task_name = _choose(random, [name for name, task in TASKS.items() if task.kind in kinds])
    task = TASKS[task_name]
    loss, outputs = _choose_loss(random, task)
    layers = [*build(random, task), _head(random, outputs)]
    config = {
        "name": f"net-{seed}-{index}",
        "seed": 1000 * seed + index,
        "data": dict(task.data),
        "model": {**_initializers(random), "layers": layers},
        "loss": loss,
        **_training(random, task),
    }
    return Network(index, family, task_name, config)


def _plain(random: Random, task: Task, *, norm: str | None = None) -> Layers:
    """Linear, perhaps a norm, activation, perhaps dropout; again and again."""
    width, activation = _width(random), _choose(random, ACTIVATIONS)
    rate = float(random.choice([0.0, 0.0, 0.1, 0.3]))
    dropout: Layers = [{"type": "Dropout", "p": rate}] if rate else []
    normalization: Layers = [norm] if norm else []
    block = [{"type": "Linear", "out_features": width}, *normalization, activation, *dropout]
    return [{"repeat": int(random.choice([1, 1, 2, 2, 3, 4, 6, 8, 12])), "layers": block}]


def _normalized(random: Random, task: Task) -> Layers:
    return _plain(random, task, norm=_choose(random, ("BatchNorm1d", "LayerNorm")))


def _residual(random: Random, task: Task) -> Layers:
    """Blocks with a shortcut, with and without normalisation before them."""
    width, activation = _width(random), _choose(random, ACTIVATIONS)
    norm: Layers = _choose(random, (["LayerNorm"], ["BatchNorm1d"], []))
    last: Config = {"type": "Linear", "out_features": width}
    if random.random() < 0.2:
        last["weight_init"] = "zeros_"
    branch = [*norm, {"type": "Linear", "out_features": width}, activation, last]
    blocks = {"repeat": int(random.choice([1, 2, 3, 5, 8, 12])), "layers": [{"type": "Residual", "layers": branch}]}
    return [{"type": "Linear", "out_features": width}, blocks, *norm]


def _convolutional(random: Random, task: Task) -> Layers:
    """Convolutions, flattened or pooled over all places at the end."""
    channels, activation = int(random.choice([6, 8, 12, 16])), _choose(random, ACTIVATIONS)
    norm: Layers = _choose(random, (["BatchNorm2d"], [], []))
    convolution = {"type": "Conv2d", "out_channels": channels, "kernel_size": 3, "padding": 1}
    body: Layers = [{"repeat": int(random.choice([1, 2, 2, 3, 5])), "layers": [convolution, *norm, activation]}]
    if random.random() < 0.3:
        branch = [convolution, *norm, activation]
        body.append({"repeat": 2, "layers": [{"type": "Residual", "layers": branch}]})
    if random.random() < 0.4:
        return [*body, {"type": "AdaptiveAvgPool2d", "output_size": 1}, "Flatten"]
    return [*body, {"type": "MaxPool2d", "kernel_size": 2}, "Flatten"]


def _recurrent(random: Random, task: Task) -> Layers:
    kind = _choose(random, ("RNN", "LSTM", "GRU", "GRU"))
    layer: Config = {"type": kind, "hidden_size": int(random.choice([12, 16, 24, 32])), "batch_first": True}
    if random.random() < 0.3:
        layer["num_layers"] = 2
    is_both_ways = bool(random.random() < 0.25)
    if is_both_ways:
        layer["bidirectional"] = True
    return [*_steps_first(task, width=8), layer, "MeanOverTime" if is_both_ways else "LastStep"]


def _attention(random: Random, task: Task) -> Layers:
    width = int(random.choice([16, 24]))
    encoder = {
        "type": "TransformerEncoderLayer",
        "nhead": int(random.choice([1, 2, 4])),
        "dim_feedforward": 2 * width,
        "dropout": float(random.choice([0.0, 0.1])),
        "norm_first": bool(random.random() < 0.6),
        "batch_first": True,
    }
    start: Layers = _steps_first(task, width=width)
    if task.kind != "tokens":
        start.append({"type": "Linear", "out_features": width})
    position = {"type": "PositionalEncoding", "kind": _choose(random, ("sinusoidal", "learned"))}
    depth = int(random.choice([1, 1, 2, 3]))
    return [*start, position, {"repeat": depth, "layers": [encoder]}, "LayerNorm", "MeanOverTime"]


FAMILIES: Mapping[str, tuple[tuple[str, ...], Callable[[Random, Task], Layers]]] = {
    "plain": (("rows",), _plain),
    "normalized": (("rows",), _normalized),
    "residual": (("rows",), _residual),
    "convolutional": (("image",), _convolutional),
    "recurrent": (("tokens", "sequence", "image"), _recurrent),
    "attention": (("tokens", "sequence", "image"), _attention),
}
"""The kinds of data that a family takes, and what builds its hidden layers."""


def _steps_first(task: Task, *, width: int) -> Layers:
    """Turn an example into a sequence of vectors: images row by row, tokens by an embedding."""
    if task.kind == "image":
        return [{"type": "Flatten", "start_dim": 1, "end_dim": 2}]
    if task.kind == "tokens":
        return [{"type": "Embedding", "num_embeddings": task.tokens, "embedding_dim": width}]
    return []


def _head(random: Random, outputs: int) -> Config:
    head: Config = {"type": "Linear", "out_features": outputs}
    if random.random() < 0.1:
        head |= {"weight_init": "zeros_", "bias_init": "zeros_"}
    return head


def _choose_loss(random: Random, task: Task) -> tuple[str, int]:
    """A loss and the outputs that it takes."""
    if task.outputs == 0:
        return _choose(random, ("MSELoss", "MSELoss", "SmoothL1Loss", "L1Loss")), 1
    if task.outputs == 2 and random.random() < 0.3:
        return "BCEWithLogitsLoss", 1
    return _choose(random, ("CrossEntropyLoss",) * 6 + ("MultiMarginLoss",)), task.outputs


def _initializers(random: Random) -> Config:
    weights = INITIALIZERS[int(random.integers(len(INITIALIZERS)))]
    return {} if weights is None else {"weight_init": weights, "bias_init": "zeros_"}


def _training(random: Random, task: Task) -> Config:
    kind = _choose(random, tuple(USUAL_RATES))
    rate = float(f"{USUAL_RATES[kind] * 10 ** (DECADES_OF_RATE * random.standard_normal()):.2g}")
    optimizer: Config = {"type": "SGD" if kind == "momentum" else kind, "lr": rate}
    if kind == "momentum":
        optimizer |= {"momentum": 0.9, "nesterov": bool(random.random() < 0.5)}
    if random.random() < 0.2:
        optimizer["weight_decay"] = float(random.choice([1e-4, 1e-3, 1e-2]))
    epochs = int(random.choice([10, 15, 20, 25] if task.kind != "rows" else [15, 25, 40, 60]))
    trainer: Config = {"epochs": epochs, "batch_size": int(random.choice([16, 32, 32, 64]))}
    if random.random() < 0.15:
        trainer["clip_grad_norm"] = float(random.choice([0.5, 1.0, 5.0]))
    schedule = _choose(random, (None, None, "CosineAnnealingLR", "OneCycleLR", "LinearLR"))
    return {"optimizer": optimizer, **_schedule(schedule, optimizer, epochs), "trainer": trainer}


def _schedule(kind: str | None, optimizer: Config, epochs: int) -> Config:
    if kind is None:
        return {}
    cycles_momentum = {"cycle_momentum": False} if optimizer["type"] == "Adagrad" else {}
    arguments: Mapping[str, Config] = {
        "CosineAnnealingLR": {"T_max": epochs},
        "OneCycleLR": {"max_lr": optimizer["lr"], "interval": "step", **cycles_momentum},
        "LinearLR": {"start_factor": 0.1, "total_iters": max(1, epochs // 5)},
    }
    return {"lr_scheduler": {"type": kind, **arguments[kind]}}


def _width(random: Random) -> int:
    return int(random.choice([8, 16, 24, 32, 48, 64]))


def _choose(random: Random, options: Any) -> Any:
    return options[int(random.integers(len(options)))]
