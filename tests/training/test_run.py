"""Whole runs: what they record, that they repeat bit for bit, and how they end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from gradcheck_cli.errors import ConfigError, ModelError
from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.recording.history import Quantity, RunStatus
from gradcheck_cli.recording.progress import ProgressPoint
from gradcheck_cli.training.run import train
from tests.training.runs import MLP, read, run, same

RANDOM = """
data: {type: digits, max_samples: 300, standardize: true}
model:
  layers:
    - {type: Linear, out_features: 16}
    - BatchNorm1d
    - {type: RReLU}
    - {type: Dropout, p: 0.3}
    - {type: Linear, out_features: 10}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 0.01}
trainer: {epochs: 3, batch_size: 32}
"""

OVERFLOW = """
data: {type: wine}
model: {layers: [{type: Linear, out_features: 8, name: first}, {type: Elementwise, function: exp, name: exp}, {type: Linear, out_features: 3}]}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 10.0}
trainer: {epochs: 30, batch_size: 16}
"""  # noqa: E501


def test_a_run_records_every_step_and_epoch() -> None:
    history = run()
    assert history.status is RunStatus.COMPLETED
    assert (history.steps_done, history.epochs_done) == (16, 4)
    assert history.steps is not None
    assert history.epochs is not None
    assert history.outcome is not None
    assert len(history.steps.loss) == 16
    assert history.epochs.step.tolist() == [4, 8, 12, 16]
    assert history.signals[Quantity.GRADIENT_NORM].steps.tolist() == list(range(16))
    norms = history.signals[Quantity.GRADIENT_NORM].values
    np.testing.assert_allclose(history.steps.gradient_norm, np.sqrt((norms**2).sum(axis=0)))
    np.testing.assert_allclose(history.epochs.train_loss, history.steps.loss.reshape(4, 4).mean(axis=1))
    assert history.outcome.value == history.epochs.validation_metric[-1]
    assert history.outcome.initial_slice_loss > history.outcome.final_slice_loss
    assert set(history.outcome.references) == {"trivial", "nearest_neighbours", "linear"}
    assert history.description.planned_steps == 16
    assert [layer.name for layer in history.description.layers] == ["first", "relu_1", "last"]
    assert history.environment.versions["torch"] == torch.__version__
    assert history.non_finite is None


def test_validation_losses_and_halves_agree_with_the_epochs() -> None:
    history = run(trainer__epochs=5)
    assert history.epochs is not None
    assert history.validation_losses is not None
    losses = history.validation_losses
    np.testing.assert_allclose(losses.thinned.mean(axis=1), history.epochs.validation_loss, rtol=1e-6)
    np.testing.assert_allclose(losses.last.mean(), history.epochs.validation_loss[-3:].mean(), rtol=1e-6)
    halves = [losses.thinned[:, ~losses.second_half].mean(axis=1), losses.thinned[:, losses.second_half].mean(axis=1)]
    np.testing.assert_allclose(history.epochs.validation_halves, np.stack(halves, axis=1), rtol=1e-6)
    assert abs(int(losses.second_half.sum()) * 2 - len(losses.second_half)) <= 1


def test_equal_seeds_give_equal_bits_and_others_do_not() -> None:
    first, second, other = run(RANDOM), run(RANDOM), run(RANDOM, seed=1)
    assert same(first, second)
    assert not same(first, other)


def test_random_state_and_threads_are_put_back() -> None:
    torch.manual_seed(5)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    history = run(RANDOM, trainer__epochs=1, trainer__threads=2)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert history.environment.threads == 2


def test_a_run_does_not_depend_on_the_random_state_it_starts_in() -> None:
    torch.manual_seed(1)
    first = run(RANDOM, trainer__epochs=1)
    torch.manual_seed(2)
    assert same(first, run(RANDOM, trainer__epochs=1))


def test_overflow_ends_a_run_early_as_a_result() -> None:
    history = run(OVERFLOW)
    assert history.status is RunStatus.DIVERGED
    assert history.steps_done < 20
    assert "not finite" in history.stopped_because
    assert history.non_finite is not None
    assert history.non_finite.lasting
    assert history.outcome is not None
    assert np.isnan(history.outcome.final_slice_loss)
    assert history.epochs is not None
    assert len(history.epochs) == 1


def test_full_trains_on_when_everything_is_lost() -> None:
    history = run(OVERFLOW, full=True, trainer__epochs=3)
    assert history.status is RunStatus.DIVERGED
    assert history.epochs_done == 3


def test_a_regression_on_infinite_data_is_a_result(tmp_path: Path) -> None:
    rows = [f"{index},{index * 0.5},{index}" for index in range(40)]
    (tmp_path / "data.csv").write_text("a,b,y\n" + "\n".join(rows) + "\ninf,1,1\n" * 3, encoding="utf-8")
    text = MLP.replace("{type: iris, standardize: true}", "{type: csv, path: data.csv, target: y, task: regression}")
    text = text.replace("CrossEntropyLoss", "MSELoss").replace("out_features: 3", "out_features: 1")
    history = train(read(text, optimizer__lr=1e-6), base=tmp_path)
    assert history.status is RunStatus.DIVERGED
    assert history.outcome is not None
    assert history.outcome.metric_name == "r2"


def test_without_validation_rows_there_are_no_validation_numbers() -> None:
    history = run(data__val_fraction=0)
    assert history.status is RunStatus.COMPLETED
    assert history.validation_losses is None
    assert history.epochs is not None
    assert np.isnan(history.epochs.validation_loss).all()
    assert history.outcome is not None
    assert np.isnan(history.outcome.value)
    assert history.outcome.references == {}


def test_max_steps_cuts_the_last_epoch_short_and_evaluates_it() -> None:
    history = run(trainer__max_steps=6)
    assert (history.steps_done, history.epochs_done) == (6, 1)
    assert history.epochs is not None
    assert history.epochs.step.tolist() == [4, 6]
    assert history.description.planned_steps == 6


def test_a_run_that_is_too_short_for_one_epoch_still_has_an_outcome() -> None:
    history = run(trainer__max_steps=1)
    assert history.outcome is not None
    assert not np.isnan(history.outcome.value)
    assert history.epochs_done == 0


def test_a_last_batch_of_one_row_is_left_out_for_batch_normalisation() -> None:
    history = run(RANDOM, trainer__epochs=1, trainer__batch_size=239)
    assert history.steps_done == 1
    assert any("batch of 1 row" in note for note in history.notes)
    assert run(trainer__epochs=1, trainer__batch_size=119).steps_done == 2


def test_drop_last_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="leaves nothing"):
        run(trainer__drop_last="true", trainer__batch_size=500)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'cuda' is not available.*cpu"):
        run(trainer__device="cuda")


def test_batches_that_torch_refuses_are_the_users_to_mend() -> None:
    with pytest.raises(ModelError, match="torch refuses a training batch"):
        run(RANDOM, trainer__batch_size=1)


class Watcher:
    def __init__(self) -> None:
        self.started_with = 0
        self.points: list[ProgressPoint] = []
        self.status: RunStatus | None = None

    def started(self, description: RunDescription, planned_steps: int) -> None:
        self.started_with = planned_steps

    def advanced(self, point: ProgressPoint) -> None:
        self.points.append(point)

    def finished(self, status: RunStatus) -> None:
        self.status = status


def test_progress_is_told_at_epochs_and_every_64_steps() -> None:
    watcher = Watcher()
    lines: list[Mapping[str, object]] = []
    train(read(trainer__batch_size=1, trainer__epochs=2), base=Path(), progress=watcher, on_epoch=lines.append)
    assert (watcher.started_with, watcher.status) == (240, RunStatus.COMPLETED)
    assert [point.step for point in watcher.points] == [64, 120, 184, 240]
    assert [point.epoch for point in watcher.points] == [0, 1, 1, 2]
    assert np.isnan(watcher.points[0].validation_loss)
    assert watcher.points[-1].gradient_norm > 0
    assert [line["epoch"] for line in lines] == [1, 2]
    assert lines[-1]["validation_loss"] == watcher.points[-1].validation_loss


def test_batches_of_one_row_say_what_cannot_be_recorded() -> None:
    history = run(trainer__batch_size=1, trainer__max_steps=3)
    assert set(history.unavailable) == {"forward_signal", "forward_relative", "sensitivity"}
    assert not history.signals[Quantity.SENSITIVITY].known.any()


def test_training_imports_neither_dynamo_nor_sympy() -> None:
    code = (
        "import sys; from tests.training.runs import run; run(); "
        "assert not {'torch._dynamo', 'sympy', 'pandas', 'sklearn'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=120)
