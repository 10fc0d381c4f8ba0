"""The recorder as a callback of Lightning: one recorder for each optimizer; it changes nothing but `should_stop`."""

from __future__ import annotations

import logging
import math
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.optim import Optimizer

from gradcheck_cli.errors import UsageError
from gradcheck_cli.integrations.recorder import Recorder
from gradcheck_cli.integrations.scalars import count_findings
from gradcheck_cli.integrations.stopping import FindingWatch, describe_finding
from gradcheck_cli.recording.loss_scale import backward_scale
from gradcheck_cli.recording.module_classes import find_class

_LOG = logging.getLogger("lightning.pytorch.gradcheck")


class GradcheckCallback(pl.Callback):  # type: ignore[misc]
    """Records a `Trainer.fit` and diagnoses it.

    ```python
    callback = GradcheckCallback()
    trainer = Trainer(callbacks=[callback])
    trainer.fit(model, loader)
    print(callback.recorder.report())
    ```

    Gradient norms go to the trainer's loggers as `gradcheck/...` each `log_every_n_steps`; so do the numbers of errors
    and warnings, and findings to Lightning's log, whenever they change. With several optimizers there is a recorder
    for each.

    Attributes:
        recorders: In the order of the trainer's optimizers; empty before training begins.
    """

    def __init__(
        self,
        *,
        budget: float | None = 0.02,
        stop_on: str | None = None,
        log_layers: int | None = 3,
        validation_loss: str = "val_loss",
        validation_metric: str | None = None,
    ) -> None:
        """Args:
        budget: Share of the training time that measuring may cost; see `Recorder`.
        stop_on: `error`, `warning` or `info`: end the training once such a finding is there to stay.
        log_layers: How many layers are logged, those farthest from the others; None for all.
        validation_loss: Under which name the module logs its validation loss.
        validation_metric: Under which it logs a metric that is better when larger.

        Raises:
            UsageError: There is no such severity.
        """
        self._budget, self._log_layers = budget, log_layers
        self._stop_on = stop_on
        self._validation_loss, self._validation_metric = validation_loss, validation_metric
        self._losses: list[Tensor] = []
        self._watches = [FindingWatch(stop_on)]
        self._told: list[str] = []
        self.recorders: list[Recorder] = []

    @property
    def recorder(self) -> Recorder:
        """That of the first optimizer.

        Raises:
            UsageError: Training has not begun.
        """
        if not self.recorders:
            raise UsageError("nothing has been recorded: training has not begun")
        return self.recorders[0]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to record."""
        several = len(trainer.optimizers) > 1
        planned = trainer.estimated_stepping_batches
        self.recorders = [
            Recorder(
                pl_module,
                optimizer,
                name=find_class(pl_module).__name__ + (f"-{number}" if several else ""),
                budget=self._budget,
                planned_steps=int(planned) if not several and 1 <= planned < math.inf else None,
            )
            for number, optimizer in enumerate(trainer.optimizers, start=1)
        ]
        self._watches = [FindingWatch(self._stop_on) for _ in self.recorders]
        for recorder in self.recorders:
            recorder.start()

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        """Remember the loss, which is divided by the number of accumulated batches already."""
        self._losses.append(loss.detach())

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Record: gradients are accumulated and not yet clipped."""
        scaler: torch.amp.GradScaler | None = getattr(trainer.precision_plugin, "scaler", None)
        loss = torch.stack(self._losses).sum() if self._losses else None
        if loss is not None and scaler is not None:
            loss = loss / backward_scale(scaler)
        self._losses = []
        for recorder in self.recorders:
            if recorder.has_optimizer(optimizer):
                recorder.step(loss, scaler=scaler)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log now and then."""
        if self.recorder.steps_done and (batch_idx + 1) % trainer.log_every_n_steps == 0:
            self._log_scalars(trainer)
            self._look(trainer, judge=False)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the validation loss, if the module has logged one, and judge."""
        loss = trainer.callback_metrics.get(self._validation_loss)
        if trainer.sanity_checking or loss is None or not self.recorders or not self.recorder.steps_done:
            return
        metric = trainer.callback_metrics.get(self._validation_metric or "")
        for recorder in self.recorders:
            recorder.validation(loss, None if metric is None else float(metric))
        self._look(trainer, judge=True)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Judge for the last time."""
        self._close()
        if self.recorder.steps_done:
            self._look(trainer, judge=True)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Remove the hooks."""
        self._close(failed=True)

    def _close(self, *, failed: bool = False) -> None:
        for recorder in self.recorders:
            recorder.close(failed=failed)

    def _log_scalars(self, trainer: pl.Trainer) -> None:
        for number, recorder in enumerate(self.recorders):
            scalars = recorder.scalars(self._log_layers)
            ending = f"/optimizer_{number}" if number else ""
            _log(trainer, {tag + ending: value for tag, value in scalars.items()})

    def _look(self, trainer: pl.Trainer, *, judge: bool) -> None:
        for recorder, watch in zip(self.recorders, self._watches, strict=True):
            reason = watch.look(recorder, judge=judge)
            if reason and not trainer.should_stop:
                recorder.note_stop(reason)
                trainer.should_stop = True
                _LOG.warning("gradcheck stops the training: %s", reason)
        findings = [finding for watch in self._watches for finding in watch.findings]
        told = [describe_finding(finding) for finding in findings]
        if told != self._told or judge:
            _log(trainer, count_findings(findings))
        for line in told:
            if line not in self._told:
                _LOG.warning("%s", line)
        self._told = told


def _log(trainer: pl.Trainer, numbers: dict[str, float]) -> None:
    for logger in trainer.loggers:
        logger.log_metrics(numbers, step=trainer.global_step)
