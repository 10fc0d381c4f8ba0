"""Evaluates the network on fixed rows without leaving a trace: no gradient, no random number, no running statistic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from gradcheck_cli.recording.history import Floats
from gradcheck_cli.recording.statistics import row_norms, to_numpy, varying_row_norms
from gradcheck_cli.training.data.dataset import Array
from gradcheck_cli.training.metrics import MetricName, metric_of

MOST_ELEMENTS = 2**22
"""Elements of the largest layer output in one batch: 16 MiB in fp32, which also suits the caches of a CPU."""


class PredictingLoss(Protocol):
    """What an evaluation asks of a loss."""

    def per_sample(self, output: Tensor, target: Tensor) -> Tensor:
        """`[N]`."""

    def predict(self, output: Tensor) -> Tensor:
        """Class indices `[N]`, or numbers `[N, K]`."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to evaluate on.

    Attributes:
        inputs: `[N, ...]` on the device.
        targets: As the loss wants them, on the device.
        truth: As the metric wants them: class indices `[N]`, or numbers `[N, K]`.
    """

    inputs: Tensor
    targets: Tensor
    truth: Array

    def __len__(self) -> int:
        return len(self.truth)

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and targets, `size` rows at a time."""
        return zip(torch.split(self.inputs, size), torch.split(self.targets, size), strict=True)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The network's outputs on some rows, judged.

    Attributes:
        losses: `[N]`.
        predictions: Class indices `[N]`, or numbers `[N, K]`.
        metric: NaN without rows.
        variation: How far the outputs lie from their mean over how large they are, both RMS over the rows; 0 where all
            rows get the same output, NaN where it was not measured.
    """

    losses: Floats
    predictions: Array
    metric: float
    variation: float = float("nan")

    @property
    def loss(self) -> float:
        """Mean over the rows; NaN without rows."""
        return float(self.losses.mean()) if len(self.losses) else float("nan")

    @property
    def loss_error(self) -> float:
        """Standard error of `loss`; NaN below two rows."""
        if len(self.losses) < 2:
            return float("nan")
        with np.errstate(invalid="ignore", over="ignore"):
            return float(self.losses.std(ddof=1) / np.sqrt(len(self.losses)))


class Evaluator:
    """Runs the network in evaluation mode over rows, in batches that fit memory."""

    def __init__(
        self,
        module: nn.Module,
        loss: PredictingLoss,
        *,
        metric: MetricName,
        row_elements: int,
        autocast: Callable[[], AbstractContextManager[object]],
        before: Callable[[], None] | None = None,
    ) -> None:
        """Args:
        module: The network.
        loss: Judges its outputs.
        metric: To compute.
        row_elements: Elements of the largest layer output for one row.
        autocast: As in training.
        before: Called before each evaluation.
        """
        self._module, self._loss, self._metric, self._autocast = module, loss, metric, autocast
        self._before = before
        self._batch_rows = max(1, MOST_ELEMENTS // max(row_elements, 1))

    def evaluate(
        self, rows: Rows, *, before_batch: Callable[[], None] | None = None, with_variation: bool = False
    ) -> Evaluation:
        """Losses, predictions and metric on all of `rows`.

        Args:
            rows: Possibly none.
            before_batch: Called before each forward pass.
            with_variation: Whether to measure the variation of the outputs too, which keeps all of them for a moment.
        """
        if not len(rows):
            return Evaluation(np.empty(0), np.empty(rows.truth.shape, dtype=rows.truth.dtype), float("nan"))
        outputs: list[Tensor] | None = [] if with_variation else None
        losses, predictions = self._run(rows, before_batch, outputs)
        with np.errstate(invalid="ignore", over="ignore"):
            metric = metric_of(rows.truth, predictions, name=self._metric).value
        variation = float("nan") if outputs is None else _relative_variation(torch.cat(outputs))
        return Evaluation(losses, predictions, metric, variation)

    def _run(
        self, rows: Rows, before_batch: Callable[[], None] | None, outputs: list[Tensor] | None
    ) -> tuple[Floats, Array]:
        losses: list[Tensor] = []
        predictions: list[Tensor] = []
        random_state = torch.get_rng_state()
        if self._before is not None:
            self._before()
        self._module.eval()
        try:
            with torch.no_grad(), self._autocast():
                for inputs, targets in rows.batches(self._batch_rows):
                    if before_batch is not None:
                        before_batch()
                    output = self._module(inputs)
                    losses.append(self._loss.per_sample(output, targets))
                    predictions.append(self._loss.predict(output))
                    if outputs is not None:
                        outputs.append(output)
        finally:
            self._module.train()
            torch.set_rng_state(random_state)
        joined = torch.cat(predictions)
        return to_numpy(torch.cat(losses)), (joined.float() if joined.is_floating_point() else joined).cpu().numpy()


def _relative_variation(outputs: Tensor) -> float:
    """NaN where an output is not finite."""
    rows = outputs.float()
    varying, whole = (float(torch.linalg.vector_norm(norms)) for norms in (varying_row_norms(rows), row_norms(rows)))
    if varying == 0:
        return 0.0
    return varying / whole if whole > 0 else float("nan")
