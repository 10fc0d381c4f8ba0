"""Networks and rows of factories are trained, judged and refused like those of a config."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gradcheck_cli.errors import DataError, ModelError
from gradcheck_cli.recording.history import History, Quantity, RunStatus
from gradcheck_cli.training.prepared import prepare
from gradcheck_cli.training.run import train
from tests.training.runs import read, same

TEXT = """
data: {type: python, factory: "tests.own_networks:rows", task: classification}
model: {factory: "tests.own_networks:deep"}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 0.01}
trainer: {epochs: 3, batch_size: 40}
"""


def run(text: str = TEXT, **overrides: Any) -> History:
    return train(read(text, **overrides), base=Path(), allow_import=["tests"])


def test_every_weight_and_layer_is_recorded() -> None:
    run_of_it = run()
    gradients = run_of_it.signals[Quantity.GRADIENT_NORM]
    assert gradients.rows == tuple(one.name for one in run_of_it.description.parameters)
    assert gradients.known.all()
    signal = run_of_it.signals[Quantity.BACKWARD_SIGNAL]
    assert "inner.0" in signal.rows
    assert signal.rows[0] == "deep"
    assert not signal.known[0].any(), "what encloses layers is no layer"
    assert signal.known[1:].all()
    assert signal.row("inner.0")[0] < 1e-3 * signal.row("head")[0]


def test_equal_seeds_give_equal_bits_and_others_do_not() -> None:
    assert same(run(), run())
    assert not same(run(), run(seed=1))


def test_the_seed_leaves_the_rows_of_a_factory_alone() -> None:
    first, second = (
        prepare(
            read(TEXT, seed=seed, data__shuffle="false"),
            base=Path(),
            device=torch.device("cpu"),
            allow_import=["tests"],
        )
        for seed in (0, 1)
    )
    assert np.array_equal(first.dataset.x_train, second.dataset.x_train)


def test_global_random_numbers_are_left_as_they_were() -> None:
    random.seed(3)
    np.random.seed(3)
    torch.manual_seed(3)
    run()
    drawn = random.random(), float(np.random.rand()), float(torch.rand(()))
    random.seed(3)
    np.random.seed(3)
    torch.manual_seed(3)
    assert drawn == (random.random(), float(np.random.rand()), float(torch.rand(())))


def test_the_keys_of_the_data_section_work() -> None:
    found = run(data__val_fraction=0.25, data__max_samples=200, data__standardize="true")
    assert (found.description.data.train_rows, found.description.data.validation_rows) == (150, 50)


def test_validation_rows_of_the_factory_are_used() -> None:
    found = run(TEXT.replace("task:", "args: {validation: true}, task:"))
    assert (found.description.data.train_rows, found.description.data.validation_rows) == (400, 100)


def test_early_stopping_restores_the_best_weights_and_nan_has_an_origin() -> None:
    assert run(trainer__early_stopping="{patience: 1, restore_best: true}").status is RunStatus.EARLY_STOPPING
    broken = run(model__factory="tests.own_networks:skipping", optimizer="{type: SGD, lr: 1e38}")
    assert broken.status is RunStatus.DIVERGED
    assert broken.non_finite is not None
    assert broken.non_finite.origin in {layer.name for layer in broken.description.layers} | {"loss"}


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("dictionary", "model.factory: tests.own_networks:dictionary returned a dict; it must return an nn.Module"),
        ("returns_tuple", "model.factory: the network gives a tuple; allowed: one tensor"),
        ("mixes_rows", "model.factory: the network gives [] for 8 rows; allowed: one row of outputs for each row"),
        ("rounds", "model.factory: the network gives torch.int64 values; allowed: floating-point numbers"),
    ],
)
def test_what_is_no_network_is_refused(factory: str, reason: str) -> None:
    with pytest.raises(ModelError) as caught:
        run(model__factory=f"tests.own_networks:{factory}")
    assert reason in str(caught.value)


def test_a_network_that_refuses_the_rows_is_told_with_their_shape() -> None:
    with pytest.raises(ModelError, match=r"made a network that refuses rows of the shape \[64\]: The size of tensor"):
        run(TEXT.replace(TEXT.splitlines()[1], "data: digits"))


def test_outputs_that_do_not_fit_the_targets_are_refused_at_the_factory() -> None:
    with pytest.raises(ModelError, match=r"model.factory: the network has 2 outputs, the data 10 classes"):
        run(TEXT.replace(TEXT.splitlines()[1], "data: {type: blobs, centers: 10}"))


def test_rows_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match=r"data.factory: tests.own_networks:dictionary returned no training rows"):
        run(data__factory="tests.own_networks:dictionary")
