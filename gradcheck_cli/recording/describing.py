"""Describes a run from its config alone, for the static rules; it needs no torch and opens no data file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck_cli.config.agreement import classes_of, task_of
from gradcheck_cli.config.gain import following_activations
from gradcheck_cli.config.layers import Layer, expand
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.config.schema import Config, DataConfig, SchedulerConfig, Task, write_plain
from gradcheck_cli.config.shape_flow import Flow, follow_shapes
from gradcheck_cli.config.shapes import inferred_size
from gradcheck_cli.config.sizes import input_shape
from gradcheck_cli.config.sources import SOURCES
from gradcheck_cli.recording.description import (
    ComponentDescription,
    DataDescription,
    LayerDescription,
    LayerKind,
    RunDescription,
)
from gradcheck_cli.recording.expected_parameters import expect_parameters

_NAMED_TARGETS = ("csv", "parquet")
"""Sources whose target columns the config names."""


def describe(config: Config, *, data: DataDescription | None = None) -> RunDescription:
    """Describe a run as far as the config tells: layers with the shapes and weights that plain arithmetic gives.

    What only the data file or torch can tell is None: shapes behind a csv, numbers of rows, planned steps of a run
    that is counted in epochs.

    Args:
        data: What is known of the data, if they are loaded.
    """
    data, trainer = data or _describe_data(config), config.trainer
    return RunDescription(
        name=config.name,
        layers=describe_layers(expand(config.model), data.input_shape),
        loss=ComponentDescription(config.loss.type, dict(config.loss.arguments)),
        optimizer=ComponentDescription(config.optimizer.type, dict(config.optimizer.arguments)),
        schedule=describe_schedule(config.lr_scheduler),
        trainer=write_plain(trainer),
        data=data,
        mean_reduced=config.loss.arguments.get("reduction", "mean") == "mean",
        planned_steps=trainer.max_steps if trainer.epochs is None else None,
    )


def _describe_data(config: Config) -> DataDescription:
    task = task_of(config.data)
    return DataDescription(
        task=str(task or ""),
        classes=classes_of(config.data),
        input_shape=input_shape(config),
        target_columns=_target_columns(config.data) if task is Task.REGRESSION else None,
        target_range=_target_range(config.data) if task is Task.REGRESSION else None,
    )


def _target_columns(data: DataConfig) -> int | None:
    """Numbers a row in the targets; None where only the file tells."""
    if SOURCES[data.type].task is Task.REGRESSION:
        return 1
    named = data.arguments.get("target")
    if data.type not in _NAMED_TARGETS or named is None:
        return None
    return len(named) if isinstance(named, list) else 1


def _target_range(data: DataConfig) -> tuple[float, float] | None:
    """Standardised targets lie on both sides of 0 and beyond 1, whatever they were before."""
    return (-math.inf, math.inf) if data.standardize_target else SOURCES[data.type].target_range


def describe_layers(layers: Iterable[Layer], shape: tuple[int, ...] | None) -> tuple[LayerDescription, ...]:
    """All layers in forward order, a container after what is in it.

    Args:
        layers: As `expand` gives them.
        shape: Of one row at the first layer's input; None where not known.
    """
    layers = tuple(layers)
    surroundings = _Surroundings(follow_shapes(layers, shape), following_activations(layers))
    return tuple(_walk(layers, surroundings, parent=None, branch=""))


@dataclass(frozen=True)
class _Surroundings:
    """What the network around a layer says of it, by name: its shapes, and the activation that its output reaches."""

    flows: Mapping[str, Flow]
    activations: Mapping[str, Layer | None]


def _walk(
    layers: Iterable[Layer], surroundings: _Surroundings, *, parent: str | None, branch: str
) -> Iterator[LayerDescription]:
    for layer in layers:
        yield from _walk(layer.layers, surroundings, parent=layer.name, branch="main")
        for index, inner in enumerate(layer.branches):
            yield from _walk(inner, surroundings, parent=layer.name, branch=str(index))
        yield from _walk(layer.shortcut, surroundings, parent=layer.name, branch="shortcut")
        yield _describe_layer(layer, surroundings, parent=parent, branch=branch)


def _describe_layer(layer: Layer, surroundings: _Surroundings, *, parent: str | None, branch: str) -> LayerDescription:
    flow, activation = surroundings.flows[layer.name], surroundings.activations[layer.name]
    signature = find_layer(layer.type)
    arguments = dict(layer.arguments)
    size = inferred_size(layer.type, flow.input_shape)
    if signature is not None and size is not None:
        arguments.setdefault(signature.inferred, size)
    return LayerDescription(
        name=layer.name,
        type=layer.type,
        kind=LayerKind(signature.kind) if signature else LayerKind.OTHER,
        ordinal=layer.ordinal,
        arguments=arguments,
        path=layer.path,
        parent=parent,
        branch=branch,
        input_shape=flow.input_shape,
        output_shape=flow.output_shape,
        parameters=expect_parameters(layer, input_shape=flow.input_shape, activation=activation),
        trainable=layer.trainable,
    )


def describe_schedule(schedule: SchedulerConfig | None) -> ComponentDescription | None:
    """A schedule with `interval` among its arguments, and the schedules in it as mappings with their `type`."""
    if schedule is None:
        return None
    return ComponentDescription(schedule.type, {**_schedule_arguments(schedule), "interval": str(schedule.interval)})


def _schedule_arguments(schedule: SchedulerConfig) -> dict[str, Any]:
    arguments = dict(schedule.arguments)
    if schedule.schedulers:
        arguments["schedulers"] = [{"type": inner.type, **_schedule_arguments(inner)} for inner in schedule.schedulers]
    if schedule.milestones:
        arguments["milestones"] = list(schedule.milestones)
    return arguments
