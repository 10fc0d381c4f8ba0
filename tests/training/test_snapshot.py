"""A run that goes back to a snapshot goes on as it did the first time, to the last bit."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from gradcheck_cli.config.schema import Interval, SchedulerConfig
from gradcheck_cli.training.batches import Batches
from gradcheck_cli.training.optimizer import build_optimizer
from gradcheck_cli.training.plan import Plan
from gradcheck_cli.training.schedule import build_schedule
from gradcheck_cli.training.snapshot import LastSnapshots, RunState
from tests.training.networks import component

PLAN = Plan(rows=12, batch_rows=4, step_rows=4, steps_per_epoch=3, steps=9, epochs=3)


def _state(optimizer: str) -> RunState:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    built = build_optimizer(component({"type": optimizer, "lr": 0.1}), list(module.parameters()))
    cycle = {"max_lr": 0.2, "cycle_momentum": False}
    config = SchedulerConfig(type="OneCycleLR", arguments=cycle, interval=Interval.STEP)
    schedule = build_schedule(config, built, planned_steps=9, steps_per_epoch=3)
    return RunState(module, built, schedule, Batches(torch.randn(12, 3), torch.randn(12, 1), plan=PLAN, seed=0))


def _take_epoch(state: RunState) -> list[Tensor]:
    for inputs, targets in state.batches.epoch():
        state.optimizer.zero_grad()
        (state.module(inputs) - targets).square().mean().backward()
        state.optimizer.step()
        state.schedule.after_step()
    return [value.clone() for value in state.module.state_dict().values()]


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_an_epoch_taken_again_gives_equal_bits(optimizer: str) -> None:
    state = _state(optimizer)
    snapshots = LastSnapshots(state)
    _take_epoch(state)
    snapshots.take(3)
    first, rate = _take_epoch(state), state.optimizer.lr
    snapshots.take(6)
    assert snapshots.restore_before(4) is not None
    second = _take_epoch(state)
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
    assert state.optimizer.lr == rate


def test_the_first_step_of_an_epoch_is_reached_from_the_epoch_before() -> None:
    state = _state("SGD")
    snapshots = LastSnapshots(state)
    for step in (0, 300, 600):
        snapshots.take(step)
    found = [snapshots.restore_before(step) for step in (601, 600, 300)]
    assert [None if one is None else one.step for one in found] == [600, 300, None]


def test_epochs_of_few_steps_share_a_snapshot_unless_the_schedule_waits_for_losses() -> None:
    for waits in (False, True):
        state = _state("SGD")
        if waits:
            state.schedule.raw = ReduceLROnPlateau(state.optimizer.raw)
        snapshots = LastSnapshots(state)
        for step in (0, 100, 200, 300):
            snapshots.take(step)
        kept = snapshots.restore_before(299)
        assert kept is not None
        assert kept.step == (200 if waits else 0)


def test_the_very_first_step_has_none_before_it() -> None:
    snapshots = LastSnapshots(_state("SGD"))
    snapshots.take(0)
    found = snapshots.restore_before(0)
    assert found is not None
    assert found.step == 0
