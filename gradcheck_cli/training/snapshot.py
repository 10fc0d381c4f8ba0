"""Everything that decides how a run goes on, kept at the start of an epoch and put back; it takes no step."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from gradcheck_cli.training.batches import Batches
from gradcheck_cli.training.optimizer import StepOptimizer
from gradcheck_cli.training.schedule import Schedule

Random = tuple[Tensor, Tensor | None]
MOST_BYTES = 2**29
"""Weights, statistics and optimizer state of one snapshot; larger ones are not taken."""
FEWEST_STEPS = 256
"""Between two snapshots: one costs as much as one to three small steps, and that many are quickly taken again."""


@dataclass(frozen=True, eq=False)
class RunState:
    """What changes while a run goes: weights and statistics, optimizer, schedule, order of rows, random numbers."""

    module: nn.Module
    optimizer: StepOptimizer
    schedule: Schedule
    batches: Batches

    def take(self, step: int) -> Snapshot:
        """Copy all of it.

        Args:
            step: Optimizer steps done.
        """
        raw = self.optimizer.raw
        schedule = None if self.schedule.raw is None else copy.deepcopy(self.schedule.raw.state_dict())
        return Snapshot(
            step=step,
            module={name: value.detach().clone() for name, value in self.module.state_dict().items()},
            optimizer=[(parameter, _copy(dict(state))) for parameter, state in raw.state.items()],
            groups=[
                {key: _copy(value) for key, value in group.items() if key != "params"} for group in raw.param_groups
            ],
            schedule=schedule,
            order=self.batches.random_state,
            random=_random_state(),
        )

    @property
    def size(self) -> int:
        """Bytes of the tensors that a snapshot would copy."""
        states = [value for state in self.optimizer.raw.state.values() for value in state.values()]
        tensors = [*self.module.state_dict().values(), *(value for value in states if isinstance(value, Tensor))]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def restore(self, snapshot: Snapshot) -> None:
        """Put it all back. `load_state_dict` of an optimizer would import torch._dynamo, at a second's cost."""
        raw = self.optimizer.raw
        self.module.load_state_dict(snapshot.module)
        raw.state.clear()
        raw.state.update({parameter: _copy(state) for parameter, state in snapshot.optimizer})
        for group, kept in zip(raw.param_groups, snapshot.groups, strict=True):
            group.update({**_copy(kept), "params": group["params"]})
        if self.schedule.raw is not None and snapshot.schedule is not None:
            self.schedule.raw.load_state_dict(copy.deepcopy(snapshot.schedule))
        self.batches.random_state = snapshot.order
        cpu, cuda = snapshot.random
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state(cuda)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One copy; `step` is the number of optimizer steps done by then."""

    step: int
    module: dict[str, Tensor]
    optimizer: list[tuple[Any, Any]]
    groups: list[dict[str, Any]]
    schedule: dict[str, Any] | None
    order: Tensor
    random: Random


class LastSnapshots:
    """The last two snapshots: what a step sees may have been spoiled by the step before it.

    One is taken at the start of an epoch, `FEWEST_STEPS` or more behind the last; under a schedule that waits for
    validation losses, which taking steps again does not bring back, at the start of each.
    """

    def __init__(self, state: RunState) -> None:
        self.state = state
        self._kept: list[Snapshot] = []

    def take(self, step: int) -> None:
        """Keep another where one is due, and forget the oldest of three; where it would be too large, keep none."""
        waits = isinstance(self.state.schedule.raw, ReduceLROnPlateau)
        if self._kept and not waits and step - self._kept[-1].step < FEWEST_STEPS:
            return
        if self.state.size > MOST_BYTES:
            self._kept = []
            return
        self._kept = [*self._kept[-1:], self.state.take(step)]

    def restore_before(self, step: int) -> Snapshot | None:
        """Go back to the last one taken before the step that led to `step`; None where there is none so early."""
        early = [kept for kept in self._kept if kept.step < max(step, 1)]
        if not early:
            return None
        self.state.restore(early[-1])
        return early[-1]


def _random_state() -> Random:
    on_device = torch.cuda.is_available()
    return torch.get_rng_state(), torch.cuda.get_rng_state() if on_device else None


def _copy(value: Any) -> Any:
    """A copy whose tensors are cloned where they lie."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copy(entry) for key, entry in value.items()}
    return copy.copy(value)
