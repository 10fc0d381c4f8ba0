from __future__ import annotations

import pytest

from gradcheck_cli.recording.description import DataDescription
from gradcheck_cli.rules.activation.batch_norm_tiny_batch import BatchNormTinyBatch
from gradcheck_cli.rules.base import Finding, Safety, Severity
from tests.histories import make_description, make_layers, make_linted
from tests.rules.fixes.configs import data_after, load

CONFIG = """
data: {type: digits}
model:
  layers: [{type: Linear, out_features: 8}, BatchNorm1d, ReLU, {type: Linear, out_features: 10}]
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 1e-3}
trainer: {epochs: 2, batch_size: 2}
"""


def check(batch_size: int, *types: str, rows: int | None = 1000) -> list[Finding]:
    description = make_description(
        make_layers("Linear", *types, "Linear"),
        trainer={"epochs": 2, "batch_size": batch_size},
        data=DataDescription("classification", train_rows=rows, classes=10),
    )
    return list(BatchNormTinyBatch().check(make_linted(description)))


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_tiny_batches(batch_size: int) -> None:
    (finding,) = check(batch_size, "BatchNorm1d", "ReLU")
    assert finding.layers == ("batchnorm1d_1",)
    assert finding.level is Severity.WARNING
    assert finding.ceiling is Severity.ERROR


@pytest.mark.parametrize("batch_size", [8, 16, 512])
def test_larger_batches_are_left_alone(batch_size: int) -> None:
    assert check(batch_size, "BatchNorm1d", "ReLU") == []


def test_other_normalisations_do_not_look_at_the_batch() -> None:
    assert check(2, "LayerNorm", "ReLU") == []


def test_a_batch_holds_no_more_than_all_rows() -> None:
    assert check(64, "BatchNorm1d", rows=5)
    assert check(64, "BatchNorm1d", rows=None) == []


def test_fixes_enlarge_the_batch_or_normalise_by_row() -> None:
    (finding,) = check(2, "BatchNorm1d")
    larger, by_row = BatchNormTinyBatch().fixes(finding, load(CONFIG))
    assert larger.safety is Safety.SAFE
    assert data_after(CONFIG, larger)["trainer"]["batch_size"] == 32
    assert data_after(CONFIG, by_row)["model"]["layers"][1] == "LayerNorm"
