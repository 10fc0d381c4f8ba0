"""The training rows in a new order each epoch: one permutation, one gather, then views; no worker processes."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gradcheck_cli.training.plan import Plan

MOST_BYTES_GATHERED = 256 * 2**20


class Batches:
    """Training data on the device and the stream of random numbers that orders it."""

    def __init__(self, inputs: Tensor, targets: Tensor, *, plan: Plan, seed: int) -> None:
        """Args:
        inputs: `[N, ...]`.
        targets: `[N, ...]`, as the loss wants them.
        plan: How rows make steps.
        seed: Of the order, which nothing else draws from.
        """
        self._inputs, self._targets, self._plan = inputs, targets, plan
        # Drawn on the CPU, so that the order is the same on every device.
        self._generator = torch.Generator().manual_seed(seed)
        row_bytes = inputs[:1].numel() * inputs.element_size() + targets[:1].numel() * targets.element_size()
        steps = max(1, MOST_BYTES_GATHERED // max(row_bytes * plan.step_rows, 1))
        self._gathered_rows = steps * plan.step_rows

    @property
    def random_state(self) -> Tensor:
        """Decides the orders to come; set it to have them again."""
        return self._generator.get_state()

    @random_state.setter
    def random_state(self, state: Tensor) -> None:
        self._generator.set_state(state)

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The rows of each step of one epoch, in order."""
        order = torch.randperm(len(self._inputs), generator=self._generator)[: self._plan.rows]
        for chosen in torch.split(order.to(self._inputs.device), self._gathered_rows):
            inputs, targets = self._inputs.index_select(0, chosen), self._targets.index_select(0, chosen)
            step_rows = self._plan.step_rows
            yield from zip(torch.split(inputs, step_rows), torch.split(targets, step_rows), strict=True)
