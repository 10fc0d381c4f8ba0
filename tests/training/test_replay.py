"""Where the first NaN or Inf of real runs comes from, and that going back changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.recording.history import History, NonFinite
from gradcheck_cli.training.run import train

REGRESSION = """
name: run
seed: 1
data: {type: csv, path: rows.csv, target: y, val_fraction: 0.2, standardize: false}
loss: {type: MSELoss}
"""
PLAIN = "[{type: Linear, out_features: 8}, {type: Tanh}, {type: Linear, out_features: 1}]"


def _write_rows(folder: Path, values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    lines = ["a,b,y", *(",".join(str(value) for value in row) for row in values)]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")


def _train(
    folder: Path, layers: str, *, optimizer: str = "{type: SGD, lr: 0.01}", extra: str = "", epochs: int = 3
) -> History:
    text = f"{REGRESSION}model: {{layers: {layers}}}\noptimizer: {optimizer}\n{extra}"
    trainer = f"trainer: {{epochs: {epochs}, batch_size: 8}}\n"
    return train(load_config(parse_document(text + trainer, source="config.yaml")), base=folder)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    _write_rows(tmp_path, np.random.default_rng(0).normal(size=(50, 3)))
    return tmp_path


def _fault(history: History) -> NonFinite:
    assert history.non_finite is not None
    return history.non_finite


def test_a_log_of_zero_is_named_with_its_rows(rows: Path) -> None:
    layers = (
        "[{type: Linear, out_features: 2}, {type: ReLU}, {type: Elementwise, function: log, name: log},"
        " {type: Linear, out_features: 1}]"
    )
    fault = _fault(_train(rows, layers))
    assert (fault.origin, fault.direction, fault.value) == ("log", "forward", "-inf")
    assert fault.step == 0
    assert 0 < len(fault.rows) <= 8


def test_a_root_at_zero_is_named_though_its_output_is_finite(rows: Path) -> None:
    layers = (
        "[{type: Linear, out_features: 4, weight_init: {type: zeros_}, bias_init: {type: zeros_}},"
        " {type: Elementwise, function: sqrt, name: root},"
        " {type: Linear, out_features: 1}]"
    )
    fault = _fault(_train(rows, layers))
    assert (fault.origin, fault.direction, fault.quantity) == ("root", "backward", "gradient")
    assert fault.rows


def test_weights_that_overflow_a_product_name_the_layer(rows: Path) -> None:
    layers = (
        "[{type: Linear, out_features: 8, name: fine}, {type: ReLU},"
        " {type: Linear, out_features: 8, name: huge, weight_init: {type: constant_, val: 3.0e38}},"
        " {type: Linear, out_features: 1}]"
    )
    fault = _fault(_train(rows, layers))
    assert (fault.origin, fault.direction, fault.step) == ("huge", "forward", 0)


def test_a_step_too_large_for_a_number_names_the_update(rows: Path) -> None:
    fault = _fault(_train(rows, PLAIN, optimizer="{type: SGD, lr: 1.0e39}"))
    assert (fault.direction, fault.quantity, fault.step) == ("update", "parameter", 0)
    assert fault.origin.startswith("linear")
    assert fault.rows == ()


def test_a_missing_cell_makes_the_input_the_producer(rows: Path) -> None:
    values = np.random.default_rng(0).normal(size=(50, 3))
    values[::2, 0] = np.inf
    _write_rows(rows, values)
    fault = _fault(_train(rows, PLAIN))
    assert (fault.origin, fault.direction) == ("input", "forward")
    assert fault.rows


def test_a_fault_in_a_later_epoch_is_found_again(rows: Path) -> None:
    """The rate rises tenfold each epoch until the loss overflows; dropout and momentum must be as they were."""
    layers = "[{type: Linear, out_features: 8}, {type: Dropout, p: 0.3}, {type: Linear, out_features: 1}]"
    schedule = "lr_scheduler: {type: ExponentialLR, gamma: 10.0}\n"
    momentum = "{type: SGD, lr: 1.0e-4, momentum: 0.9}"
    history = _train(rows, layers, optimizer=momentum, extra=schedule, epochs=12)
    fault = _fault(history)
    assert fault.step > 5
    assert fault.origin
    assert history.steps is not None
    if fault.origin == "loss":
        assert not np.isfinite(history.steps.loss[fault.step])
        assert np.isfinite(history.steps.loss[fault.step - 1])


def test_a_finite_run_has_no_origin_and_leaves_random_numbers_alone(rows: Path) -> None:
    state = torch.get_rng_state()
    assert _train(rows, PLAIN).non_finite is None
    assert torch.equal(torch.get_rng_state(), state)
