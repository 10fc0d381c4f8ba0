"""What a schedule still has in store: the learning rates of the steps to come, found by playing it through.

It touches neither the run's optimizer nor its schedule.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from gradcheck_cli.config.schema import Config, Interval
from gradcheck_cli.recording.history import Floats
from gradcheck_cli.training.optimizer import build_optimizer
from gradcheck_cli.training.plan import Plan
from gradcheck_cli.training.schedule import build_schedule

_WAITS_FOR_LOSSES = "ReduceLROnPlateau"


def plan_rates(config: Config, plan: Plan) -> Floats | None:
    """The learning rate of every planned step, `[steps]`; None where it hangs on how the run goes.

    Raises:
        ModelError: torch refuses the optimizer or the schedule.
    """
    scheduler = config.lr_scheduler
    if scheduler is not None and _WAITS_FOR_LOSSES in {scheduler.type, *(part.type for part in scheduler.schedulers)}:
        return None
    optimizer = build_optimizer(config.optimizer, [nn.Parameter(torch.zeros(1, 1))])
    if scheduler is None:
        return np.full(plan.steps, optimizer.lr)
    schedule = build_schedule(scheduler, optimizer, planned_steps=plan.steps, steps_per_epoch=plan.steps_per_epoch)
    if scheduler.interval is Interval.STEP:
        rates = []
        for _ in range(plan.steps):
            rates.append(optimizer.lr)
            schedule.after_step()
        return np.array(rates)
    by_epoch = []
    for _ in range(plan.epochs):
        by_epoch.append(optimizer.lr)
        schedule.after_epoch(None)
    return np.repeat(by_epoch, plan.steps_per_epoch)[: plan.steps]
