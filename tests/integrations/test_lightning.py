"""The callback in real trainings of Lightning."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.integrations.lightning import GradcheckCallback
from gradcheck_cli.recording.history import RunStatus
from tests.integrations.examples import run_example
from tests.integrations.loops import assert_plain_loop, mlp, rows

pytestmark = pytest.mark.filterwarnings("ignore")


class Module(pl.LightningModule):  # type: ignore[misc]
    def __init__(self, spoil: int | None = None) -> None:
        super().__init__()
        self.layers = mlp()
        self.spoil = spoil

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        loss = F.cross_entropy(self.layers(batch[0]), batch[1])
        return loss * float("nan") if self.spoil is not None and self.global_step >= self.spoil else loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        self.log("val_loss", F.cross_entropy(self.layers(batch[0]), batch[1]))
        self.log("val_accuracy", 0.5)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(module: Any, folder: Path, callback: GradcheckCallback, **options: Any) -> Any:
    """Six batches of four rows an epoch."""
    loader = DataLoader(TensorDataset(*rows(24)), batch_size=4)
    defaults: dict[str, Any] = {"max_epochs": 1, "log_every_n_steps": 2}
    trainer = pl.Trainer(
        **(defaults | options),
        accelerator="cpu",
        callbacks=[callback],
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(module, loader, loader)
    return trainer


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("clip", [None, 0.2])
def test_norms_and_losses_are_those_of_a_plain_loop(tmp_path: Path, accumulate: int, clip: float | None) -> None:
    callback = GradcheckCallback()
    fit(Module(), tmp_path, callback, accumulate_grad_batches=accumulate, gradient_clip_val=clip, logger=False)
    assert_plain_loop(callback.recorder.history(), accumulate=accumulate, clip=clip or None)


def test_scaled_losses_and_gradients_are_unscaled(tmp_path: Path) -> None:
    from lightning.pytorch.plugins.precision import MixedPrecision

    callback, plain = GradcheckCallback(), GradcheckCallback()
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    fit(Module(), tmp_path, callback, plugins=[MixedPrecision("16-mixed", "cpu", scaler)], logger=False)
    fit(Module(), tmp_path, plain, logger=False)
    scaled, unscaled = callback.recorder.history().steps, plain.recorder.history().steps
    assert scaled is not None
    assert unscaled is not None
    np.testing.assert_allclose(scaled.loss, unscaled.loss, rtol=0.02)
    np.testing.assert_allclose(scaled.gradient_norm, unscaled.gradient_norm, rtol=0.05)


def test_validation_losses_are_taken_from_the_module(tmp_path: Path) -> None:
    callback = GradcheckCallback(validation_metric="val_accuracy")
    fit(Module(), tmp_path, callback, max_epochs=3, logger=False)
    epochs = callback.recorder.history().epochs
    assert epochs is not None
    assert len(epochs) == 3
    assert np.isfinite(epochs.validation_loss).all()
    assert epochs.validation_metric.tolist() == [0.5] * 3


def test_numbers_go_to_the_loggers_of_the_trainer(tmp_path: Path) -> None:
    from lightning.pytorch.loggers import CSVLogger

    callback = GradcheckCallback(log_layers=1)
    fit(Module(), tmp_path, callback, logger=CSVLogger(tmp_path, name="csv"))
    lines = next(tmp_path.rglob("metrics.csv")).read_text(encoding="utf-8").splitlines()
    assert "gradcheck/gradient_norm" in lines[0].split(",")
    assert {"gradcheck/errors", "gradcheck/warnings"} <= set(lines[0].split(","))
    assert len(lines) > 3


def test_a_lost_run_is_stopped_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    callback = GradcheckCallback(stop_on="error")
    logging.getLogger("lightning.pytorch").propagate = True
    with caplog.at_level(logging.WARNING):
        trainer = fit(Module(spoil=8), tmp_path, callback, max_epochs=50, logger=False)
    assert trainer.global_step < 100
    history = callback.recorder.history()
    assert history.status is RunStatus.STOPPED_BY_VERDICT
    assert any("gradcheck stops the training: the loss or the gradients" in line for line in caplog.messages)
    assert any("GC301 non-finite" in line for line in caplog.messages)


def test_a_healthy_run_goes_on_to_its_end(tmp_path: Path) -> None:
    callback = GradcheckCallback(stop_on="warning")
    trainer = fit(Module(), tmp_path, callback, max_epochs=30, logger=False)
    assert trainer.global_step == 180
    assert callback.recorder.diagnose().findings == ()
    assert callback.recorder.history().description.planned_steps == 180


class Gan(pl.LightningModule):  # type: ignore[misc]
    """Manual optimization with two optimizers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.automatic_optimization = False
        self.generator, self.critic = nn.Linear(4, 6), nn.Linear(6, 1)

    def training_step(self, batch: list[Tensor], index: int) -> None:
        generator, critic = self.optimizers()
        for optimizer in (critic, generator):
            fake = self.generator(torch.ones(4, 4))
            loss = self.critic(fake.detach()).mean() - self.critic(batch[0]).mean()
            optimizer.zero_grad()
            self.manual_backward(loss if optimizer is critic else -self.critic(fake).mean())
            optimizer.step()

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        return [torch.optim.SGD(part.parameters(), lr=0.1) for part in (self.generator, self.critic)]


def test_several_optimizers_have_a_recorder_each(tmp_path: Path) -> None:
    callback = GradcheckCallback()
    fit(Gan(), tmp_path, callback, logger=False)
    histories = [recorder.history() for recorder in callback.recorders]
    assert [history.steps_done for history in histories] == [6, 6]
    rows_of = [
        tuple(history.signals[quantity].rows)
        for history in histories
        for quantity in history.signals
        if quantity.value == "gradient_norm"
    ]
    assert rows_of == [("generator.weight", "generator.bias"), ("critic.weight", "critic.bias")]


def test_nothing_is_left_on_the_module(tmp_path: Path) -> None:
    module = Module()
    fit(module, tmp_path, GradcheckCallback(), logger=False)
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in module.modules())


def test_before_training_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(GradcheckError, match="training has not begun"):
        GradcheckCallback().recorder  # noqa: B018
    with pytest.raises(GradcheckError, match="'eror' is no severity"):
        GradcheckCallback(stop_on="eror")


def test_the_example_of_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    callback = run_example("lightning")["callback"]
    assert callback.recorder.steps_done == 24
    assert "Classifier" in capsys.readouterr().out
