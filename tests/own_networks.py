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


def rows(n: int = 400, *, validation: bool = False) -> tuple[TensorDataset, TensorDataset | None]:
    x = torch.rand(n, 2) * 2 - 1
    made = TensorDataset(x, (x[:, 0] * x[:, 1] > 0).long())
    return made, TensorDataset(*made[: n // 4]) if validation else None
