"""The learning rate that a schedule plans over a run, by arithmetic on its arguments; it has no opinion on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradcheck_cli.config.catalog import SCHEDULERS
from gradcheck_cli.recording.description import ComponentDescription, RunDescription

Values = Mapping[str, Any]
MOST_TICKS = 1000
"""A course is sampled at no more places than this."""


def plan_rates(description: RunDescription) -> tuple[float, ...]:
    """Learning rates over the run, evenly spaced; those of one place only where its length is not known.

    What depends on how training goes (`ReduceLROnPlateau`) is left out. Source: the formulas in the documentation of
    `torch.optim.lr_scheduler`.
    """
    rate, schedule = float(description.optimizer.arguments["lr"]), description.schedule
    if schedule is None:
        return (rate,)
    length = _length(description, schedule)
    if length is None:
        return (float(schedule.arguments.get("max_lr") or rate),)
    ticks = range(0, length, max(1, length // MOST_TICKS))
    return tuple(_rate_at(schedule.type, schedule.arguments, rate, tick, length) for tick in ticks)


def _length(description: RunDescription, schedule: ComponentDescription) -> int | None:
    """Epochs or steps of the run, whichever the schedule counts; None where unknown."""
    steps, epochs = description.planned_steps, description.trainer.get("epochs")
    if schedule.arguments.get("interval") == "step":
        return steps
    if epochs is None and steps and description.steps_per_epoch:
        return math.ceil(steps / description.steps_per_epoch)
    return epochs


def _rate_at(kind: str, arguments: Values, rate: float, tick: int, length: int) -> float:
    if kind == "SequentialLR":
        milestones: Sequence[int] = arguments.get("milestones", ())
        index = sum(milestone <= tick for milestone in milestones)
        inner = arguments["schedulers"][index]
        start = milestones[index - 1] if index else 0
        return _rate_at(inner["type"], inner, rate, tick - start, length - start)
    if kind == "ChainedScheduler":
        factors = (_rate_at(inner["type"], inner, rate, tick, length) / rate for inner in arguments["schedulers"])
        return rate * math.prod(factors)
    law, signature = _LAWS.get(kind), SCHEDULERS[kind]
    defaults = {name: parameter.default for name, parameter in signature.parameters.items()}
    return law({**defaults, **arguments}, rate, tick, length) if law is not None else rate


def _constant(given: Values, rate: float, tick: int, length: int) -> float:
    return rate * (given["factor"] if tick < given["total_iters"] else 1.0)


def _linear(given: Values, rate: float, tick: int, length: int) -> float:
    done = min(tick / max(given["total_iters"], 1), 1.0)
    return float(rate * (given["start_factor"] + (given["end_factor"] - given["start_factor"]) * done))


def _polynomial(given: Values, rate: float, tick: int, length: int) -> float:
    return float(rate * (1 - min(tick / max(given["total_iters"], 1), 1.0)) ** given["power"])


def _steps(given: Values, rate: float, tick: int, length: int) -> float:
    return float(rate * given["gamma"] ** (tick // given["step_size"]))


def _milestones(given: Values, rate: float, tick: int, length: int) -> float:
    return float(rate * given["gamma"] ** sum(milestone <= tick for milestone in given["milestones"]))


def _cosine(given: Values, rate: float, tick: int, length: int) -> float:
    return _between(rate, given["eta_min"], tick / max(given["T_max"], 1))


def _restarts(given: Values, rate: float, tick: int, length: int) -> float:
    period = given["T_0"]
    while tick >= period:
        tick, period = tick - period, period * given["T_mult"]
    return _between(rate, given["eta_min"], tick / period)


def _one_cycle(given: Values, rate: float, tick: int, length: int) -> float:
    top, total = float(given["max_lr"]), given["total_steps"] or length
    rise, start = given["pct_start"] * total, top / given["div_factor"]
    if tick <= rise:
        return _between(top, start, 1 - tick / max(rise, 1))
    return _between(top, start / given["final_div_factor"], min((tick - rise) / max(total - rise, 1), 1.0))


def _cyclic(given: Values, rate: float, tick: int, length: int) -> float:
    up, down = given["step_size_up"], given["step_size_down"] or given["step_size_up"]
    place = tick % (up + down)
    height = place / up if place <= up else 1 - (place - up) / down
    return float(given["base_lr"] + (given["max_lr"] - given["base_lr"]) * height)


def _between(high: float, low: float, fallen: float) -> float:
    """Half a wave of a cosine from `high` (0) to `low` (1) and, beyond, up again."""
    return low + (high - low) * (1 + math.cos(math.pi * fallen)) / 2


_LAWS: Mapping[str, Callable[[Values, float, int, int], float]] = {
    "ConstantLR": _constant,
    "LinearLR": _linear,
    "PolynomialLR": _polynomial,
    "ExponentialLR": lambda given, rate, tick, length: float(rate * given["gamma"] ** tick),
    "StepLR": _steps,
    "MultiStepLR": _milestones,
    "CosineAnnealingLR": _cosine,
    "CosineAnnealingWarmRestarts": _restarts,
    "OneCycleLR": _one_cycle,
    "CyclicLR": _cyclic,
}
