"""The description of a run whose network is built and not trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.errors import DataError, ModelError
from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.training.summary import summarize

DIGITS = """
data: {type: digits, standardize: true}
model:
  weight_init: kaiming_normal_
  layers:
    - {type: Linear, out_features: 256, name: fc}
    - BatchNorm1d
    - ReLU
    - {type: Linear, out_features: 10, name: head, trainable: false}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1}
lr_scheduler: {type: StepLR, step_size: 2}
trainer: {epochs: 3, batch_size: 100}
"""


def describe(text: str, base: Path) -> RunDescription:
    return summarize(load_config(parse_document(text, source="test.yaml")), base)


def test_what_is_known_before_training(tmp_path: Path) -> None:
    run = describe(DIGITS, tmp_path)
    assert [(layer.name, layer.input_shape, layer.output_shape) for layer in run.layers] == [
        ("fc", (64,), (256,)),
        ("batchnorm1d_1", (256,), (256,)),
        ("relu_1", (256,), (256,)),
        ("head", (256,), (10,)),
    ]
    assert (run.data.train_rows, run.data.validation_rows, run.data.classes) == (1438, 359, 10)
    assert (run.planned_steps, run.steps_per_epoch) == (45, 15)
    assert run.schedule is not None
    assert run.mean_reduced


def test_initial_weights(tmp_path: Path) -> None:
    parameters = {parameter.name: parameter for parameter in describe(DIGITS, tmp_path).parameters}
    weight = parameters["fc.weight"]
    assert weight.init == "kaiming_normal_"
    assert weight.init_gain == pytest.approx(2**0.5)
    assert weight.init_std == pytest.approx((2 / 64) ** 0.5, rel=0.02)
    assert parameters["fc.bias"].no_effect
    assert not parameters["head.bias"].no_effect
    assert not parameters["head.weight"].trainable


def test_a_network_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.layers\[3\]: the network has 9 outputs, the data 10 classes"):
        describe(DIGITS.replace("out_features: 10", "out_features: 9"), tmp_path)


def test_data_that_are_not_there(tmp_path: Path) -> None:
    text = DIGITS.replace("{type: digits, standardize: true}", "{type: csv, path: none.csv, target: y}")
    with pytest.raises(DataError, match=r"none\.csv"):
        describe(text, tmp_path)
