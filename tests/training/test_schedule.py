"""Schedules: the learning rates that torch's own schedulers give, step by step, without a word from torch."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from gradcheck_cli.config.schema import Interval, SchedulerConfig
from gradcheck_cli.errors import ModelError
from gradcheck_cli.training.optimizer import StepOptimizer, build_optimizer
from gradcheck_cli.training.schedule import build_schedule
from tests.training.networks import component

EPOCHS, STEPS_PER_EPOCH = 6, 4
PLANNED = EPOCHS * STEPS_PER_EPOCH


def new_optimizer(**arguments: Any) -> StepOptimizer:
    net = nn.Linear(2, 1)
    net.weight.grad = torch.ones_like(net.weight)
    return build_optimizer(component({"type": "SGD", "lr": 0.1, "momentum": 0.9, **arguments}), net.parameters())


def learning_rates(config: SchedulerConfig | None, *, validation: list[float] | None = None) -> list[float]:
    """The learning rate of every step of a run."""
    optimizer = new_optimizer()
    schedule = build_schedule(config, optimizer, planned_steps=PLANNED, steps_per_epoch=STEPS_PER_EPOCH)
    rates = []
    for epoch in range(EPOCHS):
        for _ in range(STEPS_PER_EPOCH):
            rates.append(optimizer.lr)
            optimizer.step()
            schedule.after_step()
        schedule.after_epoch(validation[epoch] if validation else None)
    return rates


def reference(make: Any, *, by_step: bool) -> list[float]:
    """The same run by torch alone."""
    raw = torch.optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1, momentum=0.9)
    scheduler = make(raw)
    rates = []
    for step in range(PLANNED):
        rates.append(raw.param_groups[0]["lr"])
        raw.step()
        if by_step or (step + 1) % STEPS_PER_EPOCH == 0:
            scheduler.step()
    return rates


SINGLE: list[tuple[str, dict[str, Any]]] = [
    ("StepLR", {"step_size": 2, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [1, 3]}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 3}),
    ("LinearLR", {"start_factor": 0.1, "total_iters": 4}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("PolynomialLR", {"total_iters": 5, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 2}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": PLANNED}),
]


@pytest.mark.parametrize("interval", Interval)
@pytest.mark.parametrize(("kind", "arguments"), SINGLE)
def test_rates_are_those_of_torch(kind: str, arguments: dict[str, Any], interval: Interval) -> None:
    config = SchedulerConfig(type=kind, arguments=arguments, interval=interval)
    expected = reference(lambda raw: getattr(lr_scheduler, kind)(raw, **arguments), by_step=interval is Interval.STEP)
    assert learning_rates(config) == expected
    assert len(set(expected)) > 1


@pytest.mark.parametrize("interval", Interval)
def test_several_in_a_row(interval: Interval) -> None:
    config = SchedulerConfig(
        type="SequentialLR",
        interval=interval,
        milestones=(2,),
        schedulers=(
            SchedulerConfig(type="LinearLR", arguments={"start_factor": 0.1, "total_iters": 2}),
            SchedulerConfig(type="ExponentialLR", arguments={"gamma": 0.5}),
        ),
    )

    def make(raw: torch.optim.Optimizer) -> lr_scheduler.SequentialLR:
        warmup = lr_scheduler.LinearLR(raw, start_factor=0.1, total_iters=2)
        return lr_scheduler.SequentialLR(raw, [warmup, lr_scheduler.ExponentialLR(raw, gamma=0.5)], milestones=[2])

    assert learning_rates(config) == reference(make, by_step=interval is Interval.STEP)


def test_several_at_once() -> None:
    config = SchedulerConfig(
        type="ChainedScheduler",
        schedulers=(
            SchedulerConfig(type="ConstantLR", arguments={"factor": 0.5, "total_iters": 2}),
            SchedulerConfig(type="ExponentialLR", arguments={"gamma": 0.5}),
        ),
    )
    per_epoch = learning_rates(config)[::STEPS_PER_EPOCH]
    assert per_epoch == pytest.approx([0.05, 0.025, 0.025, 0.0125, 0.00625, 0.003125])


def test_without_a_schedule_the_rate_stays() -> None:
    assert set(learning_rates(None)) == {0.1}


class TestPlateau:
    CONFIG = SchedulerConfig(type="ReduceLROnPlateau", arguments={"factor": 0.1, "patience": 1}, interval=Interval.STEP)

    def test_watches_the_validation_loss_once_an_epoch(self) -> None:
        rates = learning_rates(self.CONFIG, validation=[1.0, 1.0, 1.0, 0.5, 0.4, 0.3])
        assert rates[::STEPS_PER_EPOCH] == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01, 0.01])

    def test_waits_where_there_is_no_validation(self) -> None:
        assert set(learning_rates(self.CONFIG)) == {0.1}

    def test_nan_is_no_improvement(self) -> None:
        assert learning_rates(self.CONFIG, validation=[1.0, *[math.nan] * 5])[-1] < 0.1


class TestOneCycle:
    @pytest.mark.parametrize(("interval", "total"), [(Interval.STEP, PLANNED), (Interval.EPOCH, EPOCHS)])
    def test_takes_the_whole_run_by_default(self, interval: Interval, total: int) -> None:
        silent = SchedulerConfig(type="OneCycleLR", arguments={"max_lr": 0.5}, interval=interval)
        written = SchedulerConfig(type="OneCycleLR", arguments={"max_lr": 0.5, "total_steps": total}, interval=interval)
        assert learning_rates(silent) == learning_rates(written)
        assert max(learning_rates(silent)) > 0.4

    @pytest.mark.parametrize(
        ("arguments", "name"), [({"total_steps": 10}, "total_steps"), ({"epochs": 2, "steps_per_epoch": 4}, "epochs")]
    )
    def test_a_cycle_that_ends_before_the_run_is_refused(self, arguments: dict[str, int], name: str) -> None:
        config = SchedulerConfig(type="OneCycleLR", arguments={"max_lr": 0.5, **arguments}, interval=Interval.STEP)
        with pytest.raises(ModelError) as caught:
            learning_rates(config)
        (problem,) = caught.value.problems
        assert problem.path == f"lr_scheduler.{name}"
        assert problem.allowed == f"{PLANNED} or more"

    def test_a_short_cycle_in_a_row_that_leaves_it_in_time(self) -> None:
        cycle = SchedulerConfig(type="OneCycleLR", arguments={"max_lr": 0.5, "total_steps": 10})
        rest = SchedulerConfig(type="ConstantLR", arguments={"factor": 0.5})
        config = SchedulerConfig(
            type="SequentialLR", interval=Interval.STEP, milestones=(10,), schedulers=(cycle, rest)
        )
        assert len(learning_rates(config)) == PLANNED


class TestRefusals:
    def refusal(self, config: SchedulerConfig, **arguments: Any) -> str:
        with pytest.raises(ModelError) as caught:
            build_schedule(config, new_optimizer(**arguments), planned_steps=10, steps_per_epoch=5)
        return str(caught.value)

    def test_momentum_to_cycle_that_the_optimizer_lacks(self) -> None:
        net = nn.Linear(2, 1)
        optimizer = build_optimizer(component({"type": "Adagrad", "lr": 0.1}), net.parameters())
        config = SchedulerConfig(type="CyclicLR", arguments={"base_lr": 0.1, "max_lr": 1.0})
        with pytest.raises(ModelError, match=r"lr_scheduler: torch refuses CyclicLR: optimizer must support momentum"):
            build_schedule(config, optimizer, planned_steps=10, steps_per_epoch=5)

    def test_inner_schedules_have_their_own_path(self) -> None:
        config = SchedulerConfig(
            type="SequentialLR",
            milestones=(1,),
            schedulers=(
                SchedulerConfig(type="LinearLR", arguments={"start_factor": 2.0}),
                SchedulerConfig(type="ConstantLR"),
            ),
        )
        assert "lr_scheduler.schedulers[0]: torch refuses LinearLR" in self.refusal(config)

    def test_milestones_that_do_not_fit(self) -> None:
        parts = (SchedulerConfig(type="ConstantLR"),) * 2
        config = SchedulerConfig(type="SequentialLR", schedulers=parts, milestones=(1, 2))
        assert "2 schedules in a row need 1 milestones, not 2" in self.refusal(config)

    def test_unknown_name(self) -> None:
        assert "lr_scheduler.type: 'Cosine'" in self.refusal(SchedulerConfig(type="Cosine"))
