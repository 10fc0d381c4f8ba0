"""Real networks, trained: one on which the vanishing rule must fire, and scary healthy ones to be left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.diagnosis.check import CheckOptions, check_config
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.rules.base import Severity

ALL_LAYERS_VANISH_ALIKE = """
data: {type: digits, standardize: true}
model:
  weight_init: {type: normal_, std: 0.01}
  bias_init: zeros_
  layers:
    - repeat: 7
      layers: [{type: Linear, out_features: 96, name: fc}, Tanh]
    - {type: Linear, out_features: 10, name: head}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1, momentum: 0.9}
trainer: {epochs: 12, batch_size: 64}
"""

SCARY_BUT_HEALTHY = {
    "three sigmoid layers, only slow under Adam": """
data: {type: digits, standardize: true}
model:
  layers:
    - {type: Linear, out_features: 64}
    - Sigmoid
    - {type: Linear, out_features: 64}
    - Sigmoid
    - {type: Linear, out_features: 64}
    - Sigmoid
    - {type: Linear, out_features: 10}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 1e-3}
trainer: {epochs: 30, batch_size: 64}
""",
    "a CNN with global pooling and batch norm": """
data: {type: digits, image: true, standardize: true}
model:
  layers:
    - {type: Conv2d, out_channels: 16, kernel_size: 3, padding: 1, bias: false}
    - BatchNorm2d
    - ReLU
    - {type: Conv2d, out_channels: 32, kernel_size: 3, padding: 1, bias: false}
    - BatchNorm2d
    - ReLU
    - {type: AdaptiveAvgPool2d, output_size: 1}
    - Flatten
    - {type: Linear, out_features: 10}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.05, momentum: 0.9}
lr_scheduler: {type: CosineAnnealingLR, T_max: 20}
trainer: {epochs: 20, batch_size: 32}
""",
    "a logistic regression with 20,000 validation rows": """
data: {type: blobs, n_samples: 25000, centers: 2, cluster_std: 4.0, n_features: 2, val_fraction: 0.8, standardize: true}
model: {layers: [{type: Linear, out_features: 2}]}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.5}
trainer: {epochs: 30, batch_size: 50}
""",
    "a hinge loss at 100 %": """
data: {type: iris, standardize: true, val_fraction: 0.2}
model: {layers: [{type: Linear, out_features: 32}, ReLU, {type: Linear, out_features: 3}]}
loss: MultiMarginLoss
optimizer: {type: Adam, lr: 0.01}
trainer: {epochs: 60, batch_size: 16}
""",
    "a head that starts at zero": """
data: {type: digits, standardize: true}
model:
  layers:
    - {type: Linear, out_features: 64}
    - ReLU
    - {type: Linear, out_features: 64}
    - ReLU
    - {type: Linear, out_features: 10, weight_init: zeros_, bias_init: zeros_}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.05, momentum: 0.9}
trainer: {epochs: 15, batch_size: 64}
""",
    "a confident classifier": """
data: {type: blobs, n_samples: 1200, centers: 4, cluster_std: 0.5, n_features: 8, standardize: true}
model:
  layers:
    - {repeat: 2, layers: [{type: Linear, out_features: 64}, ReLU]}
    - {type: Linear, out_features: 4}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.5, momentum: 0.9}
trainer: {epochs: 60, batch_size: 32}
""",
}


def check(text: str, folder: Path) -> RunReport:
    path = folder / "network.yaml"
    path.write_text(text, encoding="utf-8")
    return check_config(path, options=CheckOptions(save=False))


def test_vanishing_gradient_fires_where_all_layers_vanish_alike(tmp_path: Path) -> None:
    findings = check(ALL_LAYERS_VANISH_ALIKE, tmp_path).findings
    (vanishing,) = (finding for finding in findings if finding.name == "vanishing-gradient")
    assert vanishing.severity is Severity.ERROR
    assert "fc.0" in vanishing.layers
    # What is named before it is at most the weights that make it vanish.
    assert findings[0] is vanishing or vanishing.rule in findings[0].explains


@pytest.mark.parametrize("text", SCARY_BUT_HEALTHY.values(), ids=SCARY_BUT_HEALTHY.keys())
def test_scary_but_healthy_networks_get_no_error_and_no_warning(text: str, tmp_path: Path) -> None:
    run = check(text, tmp_path)
    assert run.errors == ()
    assert [finding.name for finding in run.findings if finding.severity is not Severity.INFO] == []
