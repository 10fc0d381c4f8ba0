"""The planned rates against those that torch's own schedulers give."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.optim import SGD, lr_scheduler

from gradcheck_cli.recording.description import ComponentDescription
from gradcheck_cli.rules.optimizer.rate_course import plan_rates
from tests.histories import make_description

LENGTH = 30


def plan(type: str, arguments: dict[str, Any], *, interval: str = "epoch", **fields: Any) -> tuple[float, ...]:
    schedule = ComponentDescription(type, {"interval": interval, **arguments})
    optimizer = ComponentDescription("SGD", {"lr": 0.1})
    return plan_rates(make_description(optimizer=optimizer, schedule=schedule, trainer={"epochs": LENGTH}, **fields))


def live(make: Any) -> list[float]:
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    schedule, rates = make(optimizer), []
    for _ in range(LENGTH):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize(
    ("type", "arguments"),
    [
        ("ConstantLR", {"factor": 0.2, "total_iters": 7}),
        ("LinearLR", {"start_factor": 0.1, "total_iters": 12}),
        ("PolynomialLR", {"total_iters": 20, "power": 2.0}),
        ("ExponentialLR", {"gamma": 0.8}),
        ("StepLR", {"step_size": 9, "gamma": 0.3}),
        ("MultiStepLR", {"milestones": [5, 20], "gamma": 0.5}),
        ("CosineAnnealingLR", {"T_max": 25, "eta_min": 0.01}),
        ("CosineAnnealingWarmRestarts", {"T_0": 6, "T_mult": 2}),
        ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 4, "step_size_down": 6}),
    ],
)
def test_rates_are_those_of_torch(type: str, arguments: dict[str, Any]) -> None:
    assert plan(type, arguments) == pytest.approx(live(lambda o: getattr(lr_scheduler, type)(o, **arguments)), rel=1e-6)


def test_one_cycle_comes_close() -> None:
    rates = live(lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=LENGTH + 1))
    planned = plan("OneCycleLR", {"max_lr": 0.5, "total_steps": LENGTH + 1})
    assert max(planned) == pytest.approx(max(rates), rel=0.02)
    assert sum(planned) == pytest.approx(sum(rates), rel=0.05)


def test_schedules_in_a_row() -> None:
    def make(optimizer: Any) -> Any:
        warm = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=5)
        return lr_scheduler.SequentialLR(optimizer, [warm, lr_scheduler.ExponentialLR(optimizer, gamma=0.7)], [5])

    inner = [{"type": "LinearLR", "start_factor": 0.1, "total_iters": 5}, {"type": "ExponentialLR", "gamma": 0.7}]
    assert plan("SequentialLR", {"milestones": [5], "schedulers": inner}) == pytest.approx(live(make), rel=1e-6)


def test_chained_schedules_multiply() -> None:
    inner = [{"type": "ConstantLR", "factor": 0.5, "total_iters": 4}, {"type": "ExponentialLR", "gamma": 0.9}]
    planned = plan("ChainedScheduler", {"schedulers": inner})
    assert planned[0] == pytest.approx(0.05)
    assert planned[10] == pytest.approx(0.1 * 0.9**10)


def test_what_depends_on_training_is_left_out() -> None:
    assert set(plan("ReduceLROnPlateau", {"factor": 0.1})) == {0.1}


def test_length_of_a_run_that_is_not_known() -> None:
    assert plan("ExponentialLR", {"gamma": 0.5}, interval="step", planned_steps=None) == (0.1,)
    assert plan("OneCycleLR", {"max_lr": 0.7}, interval="step", planned_steps=None) == (0.7,)
    assert len(plan("ExponentialLR", {"gamma": 0.999}, interval="step", planned_steps=10**6)) <= 1001


def test_no_schedule_is_one_rate() -> None:
    assert plan_rates(make_description(optimizer=ComponentDescription("Adam", {"lr": 0.3}))) == (0.3,)
