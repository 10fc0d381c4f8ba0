"""The callback in real trainings of Hugging Face's Trainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.integrations.transformers import FINDINGS, GradcheckCallback
from gradcheck_cli.recording.history import RunStatus
from tests.integrations.examples import run_example
from tests.integrations.loops import assert_plain_loop, mlp, rows

pytestmark = pytest.mark.filterwarnings("ignore")


class Network(nn.Module):
    """As the Trainer likes them: it makes its own loss."""

    def __init__(self, *, spoil: int | None = None, tells_loss: bool = True) -> None:
        super().__init__()
        self.layers = mlp()
        self.spoil, self.tells_loss = spoil, tells_loss
        self.calls = 0

    def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.layers(x)
        loss = F.cross_entropy(logits, labels)
        self.calls += 1
        if self.spoil is not None and self.calls > self.spoil:
            loss = loss * float("nan")
        return {"loss": loss, "logits": logits} if self.tells_loss else {"logits": logits}


def dataset(count: int = 24) -> list[dict[str, Tensor]]:
    x, y = rows(count)
    return [{"x": row, "labels": label} for row, label in zip(x, y, strict=True)]


class InOrder(transformers.Trainer):  # type: ignore[misc]
    def _get_train_sampler(self, *_: Any) -> Any:
        return torch.utils.data.SequentialSampler(self.train_dataset)


def train(
    folder: Path,
    callback: GradcheckCallback,
    *,
    network: Network | None = None,
    added: bool = False,
    kind: Any = InOrder,
    **options: Any,
) -> Any:
    defaults: dict[str, Any] = {
        "max_steps": 6,
        "logging_steps": 3,
        "per_device_train_batch_size": 4,
        "learning_rate": 0.1,
        "lr_scheduler_type": "constant",
        "optim": "sgd",
    }
    args = transformers.TrainingArguments(
        str(folder), **({"report_to": "none"} | defaults | options), save_strategy="no", use_cpu=True, disable_tqdm=True
    )
    trainer = kind(
        network or Network(),
        args,
        train_dataset=dataset(),
        eval_dataset=dataset(),
        callbacks=None if added else [callback],
    )
    if added:
        callback.add_to(trainer)
    trainer.train()
    return trainer


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("clip", [0.0, 0.2])
def test_norms_and_losses_are_those_of_a_plain_loop(tmp_path: Path, accumulate: int, clip: float) -> None:
    callback = GradcheckCallback()
    train(tmp_path, callback, gradient_accumulation_steps=accumulate, max_grad_norm=clip, max_steps=6 // accumulate)
    assert_plain_loop(callback.recorder.history(), accumulate=accumulate, clip=clip or None)


def test_numbers_are_in_the_logs_of_the_trainer(tmp_path: Path) -> None:
    callback = GradcheckCallback(log_layers=None)
    trainer = train(tmp_path, callback)
    logged = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert len(logged) == 2
    for entry in logged:
        assert entry["gradcheck/gradient_norm"] == pytest.approx(entry["grad_norm"], rel=1e-4)
        assert entry["gradcheck/errors"] == 0
        assert "gradcheck/gradient_norm/layers.0" in entry


def test_other_trackers_get_them_too_where_it_is_added_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "events"))
    train(tmp_path / "out", GradcheckCallback(), added=True, report_to=["tensorboard"])
    tags: set[str] = set()
    for file in tmp_path.rglob("events.out.tfevents.*"):
        events = EventAccumulator(str(file))
        events.Reload()
        tags.update(events.Tags()["scalars"])
    assert any("gradcheck/gradient_norm" in tag for tag in tags)


def test_nan_is_seen_although_the_trainer_filters_it_and_logs_seldom(tmp_path: Path) -> None:
    callback = GradcheckCallback()
    trainer = train(tmp_path, callback, network=Network(spoil=3), logging_steps=1000, logging_nan_inf_filter=True)
    fault = callback.recorder.history().non_finite
    assert fault is not None
    assert (fault.step, fault.lasting) == (3, True)
    told = [line for entry in trainer.state.log_history for line in entry.get(FINDINGS, [])]
    assert any(line.startswith("GC301 non-finite") for line in told)


def test_a_lost_run_is_stopped(tmp_path: Path) -> None:
    callback = GradcheckCallback(stop_on="error")
    trainer = train(tmp_path, callback, network=Network(spoil=3), max_steps=500, logging_steps=1000)
    assert trainer.state.global_step < 200
    assert callback.recorder.history().status is RunStatus.STOPPED_BY_VERDICT


def test_evaluations_are_taken_as_validations(tmp_path: Path) -> None:
    callback = GradcheckCallback()
    train(tmp_path, callback, eval_strategy="steps", eval_steps=2)
    history = callback.recorder.history()
    assert history.epochs is not None
    assert history.epochs.step.tolist() == [2, 4, 6]
    assert np.isfinite(history.epochs.validation_loss).all()
    assert history.description.trainer == {"batch_size": 4, "accumulate_grad_batches": 1}


class OwnLoss(InOrder):
    def compute_loss(self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, **_: Any) -> Any:
        outputs = model(**inputs)
        loss = F.cross_entropy(outputs["logits"], inputs["labels"])
        return (loss, outputs) if return_outputs else loss


def test_a_loss_that_the_model_does_not_tell_is_unknown_and_its_gradients_are_not(tmp_path: Path) -> None:
    callback, told = GradcheckCallback(), GradcheckCallback()
    train(tmp_path, callback, network=Network(tells_loss=False), kind=OwnLoss)
    train(tmp_path, told)
    history, other = callback.recorder.history(), told.recorder.history()
    assert history.steps is not None
    assert other.steps is not None
    np.testing.assert_allclose(history.steps.gradient_norm, other.steps.gradient_norm, rtol=1e-5)
    assert history.non_finite is None
    assert history.unavailable == {"training loss": "the loop did not tell it"}


def test_nothing_is_left_on_the_model_and_a_second_training_is_a_new_run(tmp_path: Path) -> None:
    network, callback = Network(), GradcheckCallback()
    trainer = train(tmp_path, callback, network=network)
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in network.modules())
    trainer.train()
    assert callback.recorder.steps_done == 6


def test_before_training_there_is_nothing() -> None:
    with pytest.raises(GradcheckError, match="training has not begun"):
        GradcheckCallback().recorder  # noqa: B018


def test_the_example_of_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    callback = run_example("transformers")["callback"]
    assert callback.recorder.steps_done == 20
    assert "BertForSequenceClassification" in capsys.readouterr().out
