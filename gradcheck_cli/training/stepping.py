"""One optimizer step: forward, backward, clipping, update, each told to the recorder; it knows nothing of epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.backward import Backward
from gradcheck_cli.training.clipping import Clipping
from gradcheck_cli.training.loss import Loss
from gradcheck_cli.training.optimizer import StepOptimizer
from gradcheck_cli.training.precision import MixedPrecision
from gradcheck_cli.training.refusal import REFUSALS, shorten
from gradcheck_cli.training.schedule import Schedule
from gradcheck_cli.training.shared_batches import SharedBatches

BROKEN_STEPS = 5
"""After so many non-finite steps in a row a run is lost: one can be an accident of a batch."""


class StepRecorder(Protocol):
    """What is told of each step, in this order; see `Recorder`."""

    @property
    def is_sampling(self) -> bool:
        """Whether the step at hand is looked at more closely."""

    def begin_step(self) -> None:
        """Before the first forward pass."""

    def after_backward(self, rows: int, *, loss_scale: float = 1.0) -> list[Tensor]:
        """With the gradients; their norms."""

    def after_clipping(self, factor: Tensor | float) -> None:
        """With what the gradients were multiplied by."""

    def after_update(self, loss: Tensor | float, *, learning_rate: float) -> bool:
        """With the new weights; whether everything has been transferred from the device."""

    def flush(self) -> None:
        """Transfer what has not been."""


class Stepper:
    """Takes optimizer steps on rows that are already on the device."""

    def __init__(
        self,
        module: nn.Module,
        loss: Loss,
        *,
        optimizer: StepOptimizer,
        schedule: Schedule,
        precision: MixedPrecision,
        clipping: Clipping,
        recorder: StepRecorder,
        batch_rows: int,
        l1_penalty: float = 0.0,
        on_cpu: bool = True,
        shared: SharedBatches | None = None,
    ) -> None:
        """Args:
        batch_rows: Rows of one forward pass; the gradients of a step's batches are accumulated.
        l1_penalty: Factor of the sum of absolute weights in the objective; see `penalized_weights`.
        on_cpu: Whether reading a loss costs no waiting.
        shared: Takes the backward passes where several processes share each batch.
        """
        self._module, self._loss = module, loss
        self._optimizer, self._schedule, self._precision = optimizer, schedule, precision
        self._clipping, self._recorder = clipping, recorder
        self._batch_rows, self._on_cpu = batch_rows, on_cpu
        self._l1_penalty = l1_penalty
        self._penalized = penalized_weights(module) if l1_penalty else []
        self._shared = shared
        self._is_plain = precision.is_plain and loss.mean_reduced and shared is None
        self._backward_pass = Backward()
        self._bad_losses = 0

    def take(self, inputs: Tensor, targets: Tensor) -> bool:
        """Take one step on its rows `[N, ...]`.

        Returns:
            Whether the recorder is up to date: each 64 steps, and when the loss has long been non-finite.

        Raises:
            ModelError: torch refuses the batch.
        """
        recorder, optimizer = self._recorder, self._optimizer
        recorder.begin_step()
        optimizer.zero_grad()
        loss = self._backward(inputs, targets)
        self._precision.unscale(optimizer.raw)
        for weight in self._penalized:
            if weight.grad is not None:
                weight.grad.add_(weight.detach().sign(), alpha=self._l1_penalty)
        norms = recorder.after_backward(len(inputs), loss_scale=self._loss_scale if recorder.is_sampling else 1.0)
        if self._clipping.is_wanted:
            recorder.after_clipping(self._clipping.apply(norms))
        learning_rate = optimizer.lr
        self._precision.step(optimizer.raw)
        up_to_date = recorder.after_update(loss, learning_rate=learning_rate)
        self._schedule.after_step()
        return self._is_long_broken(loss) or up_to_date

    def _backward(self, inputs: Tensor, targets: Tensor) -> Tensor | float:
        """Accumulate the gradients of the mean (or sum) over all rows; the mean loss, without penalties."""
        try:
            if self._is_plain and len(inputs) <= self._batch_rows:
                objective = self._loss.mean(self._module(inputs), targets)
                self._backward_pass(objective)
                mean = objective.detach()
                return float(mean) if self._on_cpu else mean
            batches = zip(torch.split(inputs, self._batch_rows), torch.split(targets, self._batch_rows), strict=True)
            if self._shared is not None:
                mean = self._shared.backward(list(batches))
                return float(mean) if self._on_cpu else mean
            losses = [self._accumulate(batch, target, share=len(batch) / len(inputs)) for batch, target in batches]
        except REFUSALS as error:
            raise ModelError([Problem("model", f"torch refuses a training batch: {shorten(error)}")]) from error
        total = sum(losses[1:], start=losses[0])
        return float(total) if self._on_cpu else total

    @property
    def _loss_scale(self) -> float:
        return self._precision.loss_scale * (1 if self._shared is None else self._shared.gradient_scale)

    def _accumulate(self, inputs: Tensor, targets: Tensor, *, share: float) -> Tensor:
        """One batch of a step; `share` is its part of the step's rows, by which means are weighted."""
        with self._precision.autocast():
            output = self._module(inputs)
            objective = self._loss.mean(output, targets)
        if self._loss.mean_reduced:
            self._precision.backward(objective * share)
            mean = objective.detach()
        else:
            self._precision.backward(objective)
            mean = self._loss.per_sample(output.detach(), targets).mean()
        weighted: Tensor = mean * share
        return weighted

    def _is_long_broken(self, loss: Tensor | float) -> bool:
        if not self._on_cpu or math.isfinite(loss):
            self._bad_losses = 0
            return False
        self._bad_losses += 1
        if self._bad_losses == BROKEN_STEPS:
            self._recorder.flush()
        return self._bad_losses == BROKEN_STEPS


def penalized_weights(module: nn.Module) -> Sequence[nn.Parameter]:
    """Weights that an L1 penalty reaches: trainable, of two or more dimensions, not of normalisations; no biases."""
    norms = (_NormBase, nn.LayerNorm, nn.GroupNorm, getattr(nn, "RMSNorm", nn.LayerNorm))
    spared = {
        id(parameter) for inner in module.modules() if isinstance(inner, norms) for parameter in inner.parameters()
    }
    return [
        parameter
        for parameter in module.parameters()
        if parameter.requires_grad and parameter.dim() >= 2 and id(parameter) not in spared
    ]
