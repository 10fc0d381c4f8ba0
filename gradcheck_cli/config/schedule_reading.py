"""Reads the learning-rate schedule, nested ones included; it computes no learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradcheck_cli.config import ranges
from gradcheck_cli.config.catalog import OPTIMIZERS, SCHEDULERS, Parameter
from gradcheck_cli.config.component_reading import find_signature, find_type, read_arguments, with_ranges
from gradcheck_cli.config.hints import SCHEDULER
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.quoting import quote
from gradcheck_cli.config.schema import Component, Interval, SchedulerConfig
from gradcheck_cli.config.values import read_value

COMBINING = ("SequentialLR", "ChainedScheduler")
PLATEAU = "ReduceLROnPlateau"
INTERVAL = Parameter(
    "interval",
    ("str",),
    default="epoch",
    choices=tuple(map(str, Interval)),
    help="Whether the schedule counts epochs or optimizer steps.",
)
_DEEPEST = 4


def read_schedule(node: Node, optimizer: Component | None, *, depth: int = 0) -> SchedulerConfig | None:
    """The schedule; None where there is none or its type is not known.

    Args:
        optimizer: None where it could not be read.
        depth: How many combining schedules stand around it.
    """
    if node.value is None or (found := find_type(node, what="a schedule")) is None:
        return None
    name, place = found
    signature = find_signature(place, name, SCHEDULERS, kind="schedulers", what="schedule")
    if signature is None:
        return None
    if depth and name == PLATEAU:
        place.report(f"{PLATEAU} cannot stand inside another schedule: it follows the validation loss")
    inner_key = ["schedulers"] if name in COMBINING else []
    reserved = ["type", *(["interval"] if depth == 0 else []), *inner_key]
    hints = SCHEDULER if depth == 0 else {**SCHEDULER, "interval": "'interval' stands only at the top"}
    parameters = with_ranges(signature, ranges.SCHEDULERS)
    arguments = read_arguments(node, signature, parameters, dialect=hints, reserved=reserved, required_keys=inner_key)
    _check_momentum(node, name, arguments, optimizer)
    _check_lengths(node, arguments, name)
    inner = _read_inner(node, optimizer, depth=depth) if name in COMBINING else ()
    milestones = arguments.pop("milestones", None) or [] if name == "SequentialLR" else []
    _check_milestones(node, name, milestones, count=len(inner))
    interval = _read_interval(node, name) if depth == 0 else Interval.EPOCH
    return SchedulerConfig(
        type=name, arguments=arguments, interval=interval, schedulers=inner, milestones=tuple(milestones)
    )


def _read_interval(node: Node, name: str) -> Interval:
    if not isinstance(node.value, dict) or "interval" not in node.value:
        return Interval.EPOCH
    place = node.child("interval")
    interval = Interval(read_value(place, INTERVAL))
    if name == PLATEAU and interval is Interval.STEP:
        place.report(f"{PLATEAU} looks at the validation loss once an epoch", allowed="epoch")
    return interval


def _read_inner(node: Node, optimizer: Component | None, *, depth: int) -> tuple[SchedulerConfig, ...]:
    entry: Mapping[Any, Any] = node.value if isinstance(node.value, dict) else {}
    if "schedulers" not in entry:
        return ()
    place = node.child("schedulers")
    if not isinstance(place.value, list) or not place.value:
        place.report(f"{quote(place.value)} is not a list of schedules", allowed="a list of schedules")
        return ()
    if depth >= _DEEPEST:
        place.report(f"schedules are nested more than {_DEEPEST} deep")
        return ()
    for index in range(len(place.value)):
        if place.value[index] is None:
            place.child(index).report("null is not a schedule", allowed="a schedule")
    found = (read_schedule(place.child(i), optimizer, depth=depth + 1) for i in range(len(place.value)))
    return tuple(schedule for schedule in found if schedule is not None)


def _check_milestones(node: Node, name: str, milestones: list[int], *, count: int) -> None:
    if name != "SequentialLR" or not milestones or not count:
        return
    place = node.child("milestones")
    if len(milestones) != count - 1:
        allowed = f"{count - 1}, one less than 'schedulers'"
        place.report(f"{quote(milestones)} has {len(milestones)} entries for {count} schedules", allowed=allowed)
    elif sorted(set(milestones)) != milestones:
        place.report(f"{quote(milestones)} does not rise", allowed="numbers that rise from one to the next")


def _check_momentum(node: Node, name: str, arguments: Mapping[str, Any], optimizer: Component | None) -> None:
    """Cycling momentum needs an optimizer that has one."""
    default = SCHEDULERS[name].parameters.get("cycle_momentum")
    if default is None or not arguments.get("cycle_momentum", default.default) or optimizer is None:
        return
    if not {"momentum", "betas"} & OPTIMIZERS[optimizer.type].parameters.keys():
        message = f"{name} cycles the momentum, which {optimizer.type} does not have"
        node.report(message, hint="add 'cycle_momentum: false'")


def _check_lengths(node: Node, arguments: Mapping[str, Any], name: str) -> None:
    if name == "OneCycleLR" and ("epochs" in arguments) != ("steps_per_epoch" in arguments):
        node.report(
            "OneCycleLR takes 'epochs' and 'steps_per_epoch' together", hint="or 'total_steps', or none of them"
        )
    lows, highs = arguments.get("base_lr"), arguments.get("max_lr")
    if isinstance(lows, float) and isinstance(highs, float) and lows > highs:
        node.child("base_lr").report(f"{quote(lows)} is above 'max_lr', which is {quote(highs)}")
