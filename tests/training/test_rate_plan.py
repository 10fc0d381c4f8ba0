"""The learning rates to come, against the schedules of torch as the loop steps them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradcheck_cli.config.schema import Config, Interval, SchedulerConfig
from gradcheck_cli.training.plan import Plan
from gradcheck_cli.training.rate_plan import plan_rates
from tests.training.networks import network

PLAN = Plan(rows=30, batch_rows=10, step_rows=10, steps_per_epoch=3, steps=8, epochs=3)


def _config(type: str, interval: Interval = Interval.EPOCH, **arguments: Any) -> Config:
    schedule = SchedulerConfig(type=type, arguments=arguments, interval=interval)
    return replace(network([{"type": "Linear", "out_features": 2}]), lr_scheduler=schedule)


def test_without_a_schedule_the_rate_stays() -> None:
    rates = plan_rates(network([{"type": "Linear", "out_features": 2}]), PLAN)
    assert rates is not None
    assert rates.tolist() == [0.1] * 8


def test_a_schedule_by_epochs_holds_for_an_epoch() -> None:
    rates = plan_rates(_config("StepLR", step_size=1, gamma=0.5), PLAN)
    assert rates is not None
    assert rates.tolist() == pytest.approx([0.1] * 3 + [0.05] * 3 + [0.025] * 2)


def test_a_schedule_by_steps_changes_at_each() -> None:
    config = _config("LinearLR", Interval.STEP, start_factor=0.25, total_iters=3)
    rates = plan_rates(config, PLAN)
    assert rates is not None
    assert rates.tolist() == pytest.approx([0.025, 0.05, 0.075] + [0.1] * 5)


def test_what_hangs_on_the_losses_is_not_known() -> None:
    assert plan_rates(_config("ReduceLROnPlateau"), PLAN) is None
