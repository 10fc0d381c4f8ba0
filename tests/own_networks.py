"""Factories of somebody's own, as configs of tests name them: `tests.own_networks:...`."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset


class Deep(nn.Module):
    """Sigmoids by function, one after another: the gradient vanishes."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(1, 2))
        self.inner = nn.ModuleList([nn.Linear(2 if index == 0 else width, width) for index in range(depth)])
        self.head = nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.shift
        for layer in self.inner:
            x = F.sigmoid(layer(x))
        out: Tensor = self.head(x)
        return out


class Skipping(nn.Module):
    """Residual blocks by `+`, which keep the signal alive."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.stem = nn.Linear(2, width)
        self.blocks = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + F.relu(block(x)) / len(self.blocks)
        out: Tensor = self.head(self.norm(x))
        return out


class Convolutional(nn.Module):
    """A block with a sum around it, between a stem and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, groups=2), nn.BatchNorm2d(4), nn.ReLU())
        self.shortcut, self.pool = nn.Sequential(), nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = F.relu(self.block(x) + self.shortcut(x))
        out: Tensor = self.head(self.pool(x).flatten(1))
        return out


class LastState(nn.Module):
    """The last hidden state of an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(2, 5, num_layers=2, bias=False, batch_first=True), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.lstm(x)[1][0][-1])
        return out


class Attending(nn.Module):
    """A transformer over tokens, and one attention layer without biases by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.position = nn.Embedding(5, 4, padding_idx=0), nn.Parameter(torch.randn(3, 4) / 10)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2)
        self.attention = nn.MultiheadAttention(4, 2, bias=False, batch_first=True)
        self.norm, self.head = nn.LayerNorm(4), nn.Linear(4, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.encoder(self.embedding(tokens) + self.position)
        x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        out: Tensor = self.head(x.mean(dim=1))
        return out


class Tied(nn.Module):
    """Two layers with one weight, of which the one that is registered first is called last; one of them is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.first = nn.Linear(2, 2), nn.Linear(2, 2)
        self.last.weight = self.first.weight
        self.first.bias.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(torch.tanh(self.first(x)))
        return out


class Scaling(nn.Linear):
    """A layer derived from torch's, with a forward pass of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 2


class PlainLinear(nn.Linear):
    """One that has torch's."""


class OwnNorm(nn.Module):
    """A normalisation of somebody's own, with a weight."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x / x.square().mean(dim=1, keepdim=True).add(1e-5).sqrt()


class Derived(nn.Module):
    """Layers derived from torch's, parametrized ones, lists of tensors, numbers that are none, and a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.plain, self.scaling, self.norm = PlainLinear(2, 4), Scaling(4, 4), OwnNorm(4)
        self.parametrized = nn.utils.parametrizations.weight_norm(OwnNorm(4))
        self.lazy = nn.LazyLinear(2)
        self.scales, self.nothing = nn.ParameterList([torch.ones(4)]), nn.ModuleList()
        self.mask = nn.Parameter(torch.ones(4, 4, dtype=torch.bool), requires_grad=False)
        self.criterion = nn.CrossEntropyLoss()

    def forward(self, x: Tensor) -> Tensor:
        x = self.parametrized(self.norm(self.scaling(torch.tanh(self.plain(x)))))
        out: Tensor = self.lazy(x * self.scales[0] * self.mask[0])
        return out


class FailsIn(nn.Module):
    """A network that refuses its rows in some processes of several, once it has seen some."""

    def __init__(self, ranks: list[int]) -> None:
        super().__init__()
        self.ranks, self.calls, self.head = ranks, 0, nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        if self.training and self.calls > 3 and int(os.environ.get("RANK", "0")) in self.ranks:
            raise ValueError("this process is out of luck")
        out: Tensor = self.head(x)
        return out


def deep(width: int = 32, depth: int = 12) -> nn.Module:
    return Deep(width, depth)


def skipping(width: int = 32, depth: int = 6) -> nn.Module:
    return Skipping(width, depth)


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(2, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2), nn.LogSoftmax(1))


def sharing() -> nn.Module:
    """One activation and one layer at several places."""
    relu, inner = nn.ReLU(), nn.Linear(4, 4)
    return nn.Sequential(nn.Linear(2, 4), relu, inner, relu, inner, relu, nn.Linear(4, 2))


def convolutional() -> nn.Module:
    return Convolutional()


def last_state() -> nn.Module:
    return LastState()


def attending() -> nn.Module:
    return Attending()


def tied() -> nn.Module:
    return Tied()


def derived() -> nn.Module:
    return Derived()


def fails_in(ranks: list[int]) -> nn.Module:
    return FailsIn(ranks)


def dictionary() -> dict[str, int]:
    return {}


def returns_tuple() -> nn.Module:
    class Pair(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return x, x

    return Pair()


def mixes_rows() -> nn.Module:
    class Mean(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean()

    return Mean()


def rounds() -> nn.Module:
    class Rounded(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.long()

    return Rounded()


def rows_of(shape: list[int], tokens: int = 0) -> TensorDataset:
    """64 rows of numbers, or of tokens."""
    x = torch.randint(0, tokens, (64, *shape)) if tokens else torch.randn(64, *shape)
    return TensorDataset(x, torch.arange(64) % 2)


def rows(n: int = 400, *, validation: bool = False) -> tuple[TensorDataset, TensorDataset | None]:
    x = torch.rand(n, 2) * 2 - 1
    made = TensorDataset(x, (x[:, 0] * x[:, 1] > 0).long())
    return made, TensorDataset(*made[: n // 4]) if validation else None
