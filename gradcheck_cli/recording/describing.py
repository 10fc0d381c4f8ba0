"""Describes a run from its config alone, for the static rules; it needs no torch and opens no data file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gradcheck_cli.config.agreement import classes_of, task_of
from gradcheck_cli.config.layers import Layer, expand
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.config.schema import Config, SchedulerConfig
from gradcheck_cli.config.shape_flow import Flow, follow_shapes
from gradcheck_cli.config.shapes import inferred_size
from gradcheck_cli.config.sizes import input_shape
from gradcheck_cli.recording.description import (
    ComponentDescription,
    DataDescription,
    LayerDescription,
    LayerKind,
    RunDescription,
)


def describe(config: Config) -> RunDescription:
    """Describe a run as far as the config tells: layers with the shapes that plain arithmetic gives, no parameters.

    What only the data file or torch can tell is None: shapes behind a csv, numbers of rows, planned steps of a run
    that is counted in epochs.
    """
    task = task_of(config.data)
    data = DataDescription(task=str(task or ""), classes=classes_of(config.data), input_shape=input_shape(config))
    trainer = config.trainer
    return RunDescription(
        name=config.name,
        layers=describe_layers(expand(config.model), data.input_shape),
        loss=ComponentDescription(config.loss.type, dict(config.loss.arguments)),
        optimizer=ComponentDescription(config.optimizer.type, dict(config.optimizer.arguments)),
        schedule=describe_schedule(config.lr_scheduler),
        trainer=trainer.model_dump(mode="json"),
        data=data,
        mean_reduced=config.loss.arguments.get("reduction", "mean") == "mean",
        planned_steps=trainer.max_steps if trainer.epochs is None else None,
    )


def describe_layers(layers: Iterable[Layer], shape: tuple[int, ...] | None) -> tuple[LayerDescription, ...]:
    """All layers in forward order, a container after what is in it.

    Args:
        layers: As `expand` gives them.
        shape: Of one row at the first layer's input; None where not known.
    """
    layers = tuple(layers)
    flows = follow_shapes(layers, shape)
    return tuple(_walk(layers, flows, parent=None, branch=""))


def _walk(
    layers: Iterable[Layer], flows: Mapping[str, Flow], *, parent: str | None, branch: str
) -> Iterator[LayerDescription]:
    for layer in layers:
        yield from _walk(layer.layers, flows, parent=layer.name, branch="main")
        for index, inner in enumerate(layer.branches):
            yield from _walk(inner, flows, parent=layer.name, branch=str(index))
        yield from _walk(layer.shortcut, flows, parent=layer.name, branch="shortcut")
        yield _describe_layer(layer, flows[layer.name], parent=parent, branch=branch)


def _describe_layer(layer: Layer, flow: Flow, *, parent: str | None, branch: str) -> LayerDescription:
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
