"""The four networks on which the loop is timed, each as a config and as somebody would write it by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Workload:
    """One network with its data.

    Attributes:
        config: As gradcheck reads it.
        build: The same network by hand.
        optimizer: The same optimizer as torch's users write it.
        goal: What the loop may cost, relative to the bare loop.
    """

    name: str
    config: str
    build: Callable[[], nn.Module]
    optimizer: Callable[[nn.Module], torch.optim.Optimizer]
    goal: float


class _LastStep(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, -1]


def _mlp(inputs: int, width: int, outputs: int, *, depth: int) -> nn.Module:
    layers: list[nn.Module] = []
    for layer in range(depth):
        layers += [nn.Linear(inputs if layer == 0 else width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 16, 16)),
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, stride=2),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 8),
    )


def _transformer() -> nn.Module:
    return nn.Sequential(
        nn.Embedding(8, 32),
        nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, batch_first=True),
        nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, batch_first=True),
        _LastStep(),
        nn.Linear(32, 8),
    )


WORKLOADS = (
    Workload(
        name="small MLP",
        config="""
data: {type: blobs, n_samples: 5000, n_features: 64, centers: 10, cluster_std: 4.0}
model:
  layers:
    - {repeat: 3, layers: [{type: Linear, out_features: 64}, ReLU]}
    - {type: Linear, out_features: 10}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.01, momentum: 0.9}
trainer: {epochs: 20, batch_size: 64}
""",
        build=lambda: _mlp(64, 64, 10, depth=3),
        optimizer=lambda model: torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9),
        goal=1.00,
    ),
    Workload(
        name="CNN",
        config="""
data: {type: blobs, n_samples: 8000, n_features: 256, centers: 8, cluster_std: 4.0}
model:
  layers:
    - {type: Unflatten, dim: 1, unflattened_size: [1, 16, 16]}
    - {type: Conv2d, out_channels: 16, kernel_size: 3, padding: 1}
    - ReLU
    - {type: Conv2d, out_channels: 32, kernel_size: 3, padding: 1, stride: 2}
    - ReLU
    - {type: Conv2d, out_channels: 32, kernel_size: 3, padding: 1}
    - ReLU
    - {type: AdaptiveAvgPool2d, output_size: 1}
    - Flatten
    - {type: Linear, out_features: 8}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.01, momentum: 0.9}
trainer: {epochs: 5, batch_size: 64}
""",
        build=_cnn,
        optimizer=lambda model: torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9),
        goal=1.02,
    ),
    Workload(
        name="transformer",
        config="""
data: {type: delayed_recall, n_samples: 5000, length: 16, n_symbols: 8}
model:
  layers:
    - {type: Embedding, num_embeddings: 8, embedding_dim: 32}
    - {repeat: 2, type: TransformerEncoderLayer, nhead: 4, dim_feedforward: 64}
    - LastStep
    - {type: Linear, out_features: 8}
loss: CrossEntropyLoss
optimizer: {type: AdamW, lr: 1e-3}
trainer: {epochs: 4, batch_size: 32}
""",
        build=_transformer,
        optimizer=lambda model: torch.optim.AdamW(model.parameters(), lr=1e-3),
        goal=1.02,
    ),
    Workload(
        name="wide MLP",
        config="""
data: {type: blobs, n_samples: 5000, n_features: 256, centers: 10, cluster_std: 4.0}
model:
  layers:
    - {repeat: 3, layers: [{type: Linear, out_features: 512}, ReLU]}
    - {type: Linear, out_features: 10}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 1e-3}
trainer: {epochs: 6, batch_size: 128}
""",
        build=lambda: _mlp(256, 512, 10, depth=3),
        optimizer=lambda model: torch.optim.Adam(model.parameters(), lr=1e-3),
        goal=1.03,
    ),
)
