"""Configs as text for tests of suggestions, and what becomes of them."""

from __future__ import annotations

from typing import Any

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import apply_edits
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.config.schema import Config
from gradcheck_cli.rules.base import Fix

SIGMOID = """
data: {type: digits, standardize: true}
model:
  layers:
    - repeat: 8
      layers:
        - {type: Linear, out_features: 64, name: fc}   # kept
        - Sigmoid
    - {type: Linear, out_features: 10, name: head}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1, momentum: 0.9}
trainer: {epochs: 20, batch_size: 64}
"""

BADLY_DRAWN = """
data: {type: digits, image: true}
model:
  weight_init: {type: normal_, std: 1.0}
  bias_init: {type: constant_, val: -3}
  layers:
    - {type: Conv2d, out_channels: 8, kernel_size: 3, weight_init: {type: normal_, std: 2.0}}
    - {type: Tanh, name: squash}
    - Flatten
    - {type: Linear, out_features: 16, bias_init: {type: constant_, val: -8}}
    - Tanh
    - {type: Linear, out_features: 10}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 1e-3, weight_decay: 0.1}
trainer: {epochs: 20, batch_size: 4, clip_grad_value: 5.0}
"""

RECURRENT = """
data: {type: adding_problem}
model:
  layers:
    - {type: GRU, hidden_size: 9}
    - {type: Linear, out_features: 8}
    - ReLU
    - LastStep
    - {type: Linear, out_features: 1}
loss: MSELoss
optimizer: {type: RMSprop, lr: 0.5}
lr_scheduler: {type: OneCycleLR, max_lr: 0.5, interval: step}
trainer: {epochs: 10, early_stopping: {patience: 5}}
"""

LINEAR = """
data: {type: xor}
model: {layers: [{type: Linear, out_features: 2}]}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 1e-5}
trainer: {max_steps: 100, l1_penalty: 0.1}
"""

NESTED = """
data: {type: regression, n_features: 4}
model:
  layers:
    - {type: Linear, out_features: 16}
    - type: Residual
      layers: [{type: Linear, out_features: 16}, Sigmoid, {type: Dropout, p: 0.9}]
    - type: Concat
      branches: [[{type: Linear, out_features: 2}, Softsign], [{type: Elementwise, function: exp}]]
    - {type: Linear, out_features: 1}
loss: MSELoss
optimizer: {type: SGD, lr: 5.0}
lr_scheduler: {type: CosineAnnealingLR, T_max: 10}
trainer: {epochs: 10}
"""

ALL = {"sigmoid": SIGMOID, "badly drawn": BADLY_DRAWN, "recurrent": RECURRENT, "linear": LINEAR, "nested": NESTED}


def load(text: str) -> Config:
    return load_config(parse_document(text, source="config.yaml"))


def data_after(text: str, fix: Fix | None) -> Any:
    """The plain data of a config once a fix is applied; it must load."""
    assert fix is not None
    changed = parse_document(apply_edits(text, fix.edits), source="config.yaml")
    load_config(changed)
    return changed.data
