"""The backward passes of a step whose batches several processes share; it updates nothing.

Each process weighs its part so that the average over processes, which DDP and FSDP take, is the gradient of the whole
batch: parts may differ in rows, and in the class weights or ignored classes of their rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gradcheck_cli.training.loss import Loss
from gradcheck_cli.training.precision import MixedPrecision
from gradcheck_cli.training.processes import Part, Processes

Batch = tuple[Tensor, Tensor]


class SharedBatches:
    """This process's part of each batch."""

    def __init__(self, network: nn.Module, loss: Loss, *, precision: MixedPrecision, processes: Processes) -> None:
        """Args:
        network: As `processes` wrapped it.
        """
        self._network, self._loss, self._precision, self._processes = network, loss, precision, processes

    @property
    def gradient_scale(self) -> int:
        """What a row's gradient is multiplied by before the average over processes takes it away again."""
        return self._processes.launch.size

    def backward(self, batches: Sequence[Batch]) -> Tensor:
        """Accumulate the gradients of a step's batches, inputs and targets; the step's mean loss over all processes."""
        rows = sum(len(inputs) for inputs, _ in batches)
        losses = []
        for number, (inputs, targets) in enumerate(batches, start=1):
            part = self._processes.part(len(inputs))
            self._processes.ranks.copies = part.copies
            with self._processes.holding_back(self._network, wanted=number < len(batches)):
                losses.append(self._accumulate(inputs, targets, part=part, share=len(inputs) / rows))
        return self._processes.sum(torch.stack(losses).sum())

    def _accumulate(self, inputs: Tensor, targets: Tensor, *, part: Part, share: float) -> Tensor:
        """One batch; this process's share of the step's mean loss."""
        mine = targets[part.rows]
        own = self._loss.weight(mine)
        with self._precision.autocast():
            output = self._network(inputs[part.rows])
            # A part without any row that counts has no mean, but takes part in the exchange of gradients.
            objective = self._loss.mean(output, mine) if own else output.sum() * 0
        if self._loss.mean_reduced:
            whole = self._loss.weight(targets) * part.copies
            fraction = share * own / whole if whole else math.nan
            self._precision.backward(objective * (fraction * self.gradient_scale))
            mean: Tensor = objective.detach() * fraction
        else:
            self._precision.backward(objective * (self.gradient_scale / part.copies))
            fraction = share * len(mine) / (len(inputs) * part.copies)
            mean = self._loss.per_sample(output.detach(), mine).mean() * fraction
        return mean
