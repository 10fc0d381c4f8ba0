"""The learning-rate schedule of a run, stepped at the right moments; it does not train or record."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from gradcheck_cli.config.schema import Interval, SchedulerConfig
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.optimizer import StepOptimizer
from gradcheck_cli.training.refusal import REFUSALS, as_plain_arguments, blamed_path, shorten


class Schedule:
    """What the loop calls; without a schedule both calls do nothing.

    Attributes:
        raw: torch's scheduler; None where the learning rate is constant.
    """

    __slots__ = ("_by_step", "raw")

    def __init__(self, raw: LRScheduler | None, interval: Interval = Interval.EPOCH) -> None:
        self.raw = raw
        self._by_step = interval is Interval.STEP and not isinstance(raw, ReduceLROnPlateau)

    def after_step(self) -> None:
        """Call after each optimizer step."""
        if self._by_step and self.raw is not None:
            _advance(self.raw)

    def after_epoch(self, validation_loss: float | None) -> None:
        """Call at the end of each epoch.

        Args:
            validation_loss: Of this epoch; None where there are no validation rows: then `ReduceLROnPlateau` waits.
        """
        if isinstance(self.raw, ReduceLROnPlateau):
            if validation_loss is not None:
                self.raw.step(validation_loss)
        elif self.raw is not None and not self._by_step:
            _advance(self.raw)


@dataclass(frozen=True)
class _Length:
    """How long a schedule will be in force.

    Attributes:
        run: Steps or epochs of the whole run.
        own: Those of them at which this schedule sets the learning rate.
        unit: What is counted.
    """

    run: int
    own: int
    unit: Interval


def build_schedule(
    config: SchedulerConfig | None, optimizer: StepOptimizer, *, planned_steps: int, steps_per_epoch: int
) -> Schedule:
    """Build the schedule and set the optimizer's first learning rate by it.

    Args:
        config: None for a constant learning rate.
        optimizer: Its learning rate will be changed.
        planned_steps: Optimizer steps of the whole run.
        steps_per_epoch: Optimizer steps of one epoch.

    Raises:
        ModelError: torch refuses the arguments, or the schedule ends before the run does.
    """
    if config is None:
        return Schedule(None)
    by_step = config.interval is Interval.STEP
    count = planned_steps if by_step else math.ceil(planned_steps / max(steps_per_epoch, 1))
    with _quietly():
        raw = _build(config, optimizer.raw, length=_Length(count, count, config.interval), path="lr_scheduler")
    # A GradScaler may skip the first steps, at which torch would warn that the order of the calls is wrong.
    optimizer.raw._opt_called = True  # type: ignore[attr-defined]
    return Schedule(raw, config.interval)


@contextmanager
def _quietly() -> Iterator[None]:
    """torch warns of its own doings while it builds schedules out of others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _advance(scheduler: LRScheduler) -> None:
    if isinstance(scheduler, lr_scheduler.SequentialLR):
        with _quietly():
            scheduler.step()
    else:
        scheduler.step()


def _build(config: SchedulerConfig, optimizer: Optimizer, *, length: _Length, path: str) -> LRScheduler:
    kind = getattr(lr_scheduler, config.type, None)
    if not isinstance(kind, type) or not issubclass(kind, LRScheduler):
        raise ModelError([Problem(f"{path}.type", f"{config.type!r} is not a schedule of torch.optim.lr_scheduler")])
    arguments = as_plain_arguments(config.arguments)
    if kind is lr_scheduler.OneCycleLR:
        arguments = _with_total_steps(arguments, length=length, path=path)
    try:
        if config.schedulers:
            return _combine(kind, config, optimizer, length=length, path=path)
        return kind(optimizer, **arguments)
    except REFUSALS as error:
        blamed = blamed_path(path, config.arguments, error=error)
        raise ModelError([Problem(blamed, f"torch refuses {config.type}: {shorten(error)}")]) from error


def _combine(
    kind: type[LRScheduler], config: SchedulerConfig, optimizer: Optimizer, *, length: _Length, path: str
) -> LRScheduler:
    """Several schedules in a row (`SequentialLR`) or at once (`ChainedScheduler`)."""
    in_a_row = kind is lr_scheduler.SequentialLR
    needed = len(config.schedulers) - 1
    if in_a_row and len(config.milestones) != needed:
        message = f"{len(config.schedulers)} schedules in a row need {needed} milestones, not {len(config.milestones)}"
        raise ModelError([Problem(f"{path}.milestones", message)])
    lengths = _parts(length, config.milestones) if in_a_row else [length] * len(config.schedulers)
    inner = [
        _build(part, optimizer, length=part_length, path=f"{path}.schedulers[{index}]")
        for index, (part, part_length) in enumerate(zip(config.schedulers, lengths, strict=True))
    ]
    if in_a_row:
        return lr_scheduler.SequentialLR(optimizer, inner, milestones=list(config.milestones))
    return lr_scheduler.ChainedScheduler(inner, optimizer=optimizer)


def _parts(length: _Length, milestones: Sequence[int]) -> list[_Length]:
    """How long each schedule of a row is in force."""
    ends = [min(milestone, length.run) for milestone in milestones] + [length.run]
    starts = [0, *ends]
    return [replace(length, own=max(end - start, 0)) for start, end in zip(starts, ends, strict=False)]


def _with_total_steps(arguments: dict[str, Any], *, length: _Length, path: str) -> dict[str, Any]:
    """`OneCycleLR` over the whole run unless the config says how long; torch raises when it is stepped past its end."""
    if "epochs" in arguments and "steps_per_epoch" in arguments:
        total, name = arguments["epochs"] * arguments["steps_per_epoch"], "epochs"
    else:
        total, name = arguments.setdefault("total_steps", length.run), "total_steps"
    if isinstance(total, int) and 0 < total < length.own:
        message = f"the cycle ends after {total} {length.unit}s, but {length.own} {length.unit}s are trained"
        hint = "leave it out: the cycle then takes the whole run"
        raise ModelError([Problem(f"{path}.{name}", message, allowed=f"{length.own} or more", hint=hint)])
    return arguments
