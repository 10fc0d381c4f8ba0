"""Whole runs: what they record, that they repeat bit for bit, and how they end."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    assert np.isnan(history.outcome.validation_loss)
    assert history.outcome.references == {}


PARTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "schedule by epoch": {"lr_scheduler": "{type: CosineAnnealingLR, T_max: 3}"},
    "schedule by step": {"lr_scheduler": "{type: OneCycleLR, max_lr: 0.05, interval: step}"},
    "early stopping": {"trainer__early_stopping": "{patience: 1, restore_best: true}"},
    "accumulation": {"trainer__accumulate_grad_batches": 2},
}


@pytest.mark.parametrize(
    ("changes", "share"), [*((changes, 0.4) for changes in PARTS.values()), ({}, 0.9)], ids=[*PARTS, "nearly all"]
)
def test_a_part_of_a_run_is_its_beginning_bit_by_bit(changes: Mapping[str, Any], share: float) -> None:
    whole, part = run(RANDOM, **changes), run(RANDOM, share=share, **changes)
    count = math.ceil(share * (whole.description.planned_steps or 0))
    assert part.steps_done == min(count, whole.steps_done)
    assert part.steps is not None
    assert whole.steps is not None
    for name, values in vars(part.steps).items():
        np.testing.assert_array_equal(values, vars(whole.steps)[name][: part.steps_done], err_msg=name)
    for quantity, signal in part.signals.items():
        same_steps = np.isin(whole.signals[quantity].steps, signal.steps)
        shared = np.isin(signal.steps, whole.signals[quantity].steps)
        assert shared[:-1].all()
        np.testing.assert_array_equal(signal.values[:, shared], whole.signals[quantity].values[:, same_steps])


def test_a_part_of_a_run_ends_with_an_evaluation_and_the_plan_of_the_whole() -> None:
    part = run(share=0.4)
    assert part.status is RunStatus.COMPLETED
    assert (part.steps_done, part.epochs_done) == (7, 1)
    assert part.description.planned_steps == 16
    assert part.epochs is not None
    assert part.epochs.step.tolist() == [4, 7]
    assert part.outcome is not None
    assert part.outcome.value == part.epochs.validation_metric[-1]


def test_epochs_of_a_part_are_those_of_the_whole() -> None:
    whole, part = run(RANDOM), run(RANDOM, share=0.5)
    assert part.epochs is not None
    assert whole.epochs is not None
    done = part.epochs_done
    assert done >= 1
    for name in ("train_loss", "slice_loss", "validation_loss", "validation_metric"):
        np.testing.assert_array_equal(vars(part.epochs)[name][:done], vars(whole.epochs)[name][:done])


def test_the_whole_share_is_the_whole_run() -> None:
    assert same(run(RANDOM), run(RANDOM, share=1.0))


@pytest.mark.parametrize("share", [1e-9, 1 / 16])
def test_the_smallest_part_is_one_step(share: float) -> None:
    assert run(share=share).steps_done == 1


def test_a_run_that_is_lost_ends_before_its_part() -> None:
    history = run(OVERFLOW, share=0.9)
    assert history.status is RunStatus.DIVERGED
    assert history.steps_done < 20


def test_the_final_validation_loss_is_that_of_the_weights_handed_over() -> None:
    plain = run()
    assert plain.outcome is not None
    assert plain.epochs is not None
    assert plain.outcome.validation_loss == plain.epochs.validation_loss[-1]
    restored = run(optimizer__lr=1.0, trainer__epochs=30, trainer__early_stopping="{patience: 3, restore_best: true}")
    assert restored.outcome is not None
    assert restored.epochs is not None
    assert restored.outcome.validation_loss == pytest.approx(float(restored.epochs.validation_loss.min()), rel=1e-6)
    assert restored.outcome.validation_loss < restored.epochs.validation_loss[-1]


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
