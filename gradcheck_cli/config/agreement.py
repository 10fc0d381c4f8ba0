"""Checks what one section of a config demands of another; each section by itself is checked elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck_cli.config.node import Node
from gradcheck_cli.config.schema import (
    Component,
    DataConfig,
    DiagnosticsConfig,
    SchedulerConfig,
    Task,
    TrainerConfig,
)
from gradcheck_cli.config.sources import PYTHON, SOURCES, with_defaults

CLASS_LOSSES = (
    "CrossEntropyLoss",
    "NLLLoss",
    "MultiMarginLoss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "SoftMarginLoss",
    "HingeEmbeddingLoss",
)
NUMBER_LOSSES = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")
"""They also take classes, as numbers that are 0 or 1."""

_WEIGHTED_BY_CLASS = ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss")


def task_of(data: DataConfig) -> Task | None:
    """The task that the config settles; None where the file tells."""
    return SOURCES[data.type].task or data.task


def classes_of(data: DataConfig) -> int | None:
    """How many classes there are; None for numbers and where only the file tells."""
    source = SOURCES[data.type]
    return source.classes(with_defaults(source, data.arguments)) if source.classes else None


def check_loss(root: Node, loss: Component, data: DataConfig) -> None:
    """Report a loss, or an option of the data, that the task has no use for."""
    task = task_of(data)
    where = "its task is regression" if data.task else f"{data.type} has numbers as targets"
    if task is Task.REGRESSION and loss.type in CLASS_LOSSES:
        place = root.child("loss")
        place = place.child("type") if isinstance(place.value, dict) else place
        place.report(f"{loss.type} needs classes, but {where}", allowed=", ".join(NUMBER_LOSSES))
    if task is Task.REGRESSION and data.label_noise:
        root.child("data").child("label_noise").report(f"'label_noise' needs classes, but {where}")
    if task is Task.CLASSIFICATION and data.standardize_target:
        root.child("data").child("standardize_target").report("'standardize_target' needs numbers as targets")


def check_class_weights(root: Node, loss: Component, data: DataConfig) -> None:
    """Report class weights that are not one for each class."""
    weight = loss.arguments.get("weight")
    classes = classes_of(data)
    if weight is None or classes is None or loss.type not in _WEIGHTED_BY_CLASS:
        return
    if not isinstance(weight, list) or len(weight) != classes:
        given = len(weight) if isinstance(weight, list) else "no"
        message = f"'weight' has {given} entries for {classes} classes"
        root.child("loss").child("weight").report(message, allowed=f"a list of {classes} numbers")


def check_validation(
    root: Node,
    data: DataConfig,
    trainer: TrainerConfig | None,
    schedule: SchedulerConfig | None,
    diagnostics: DiagnosticsConfig,
) -> None:
    """Report what watches validation rows where there are none."""
    if data.val_fraction > 0 or data.arguments.get("val_path") or data.type == PYTHON:
        return
    for place, what in _watchers(root, trainer, schedule, diagnostics):
        place.report_key(f"{what}, but there are no validation rows", hint="set 'data.val_fraction' above 0")


def _watchers(
    root: Node,
    trainer: TrainerConfig | None,
    schedule: SchedulerConfig | None,
    diagnostics: DiagnosticsConfig,
) -> Iterator[tuple[Node, str]]:
    if trainer is not None and trainer.early_stopping is not None:
        yield root.child("trainer").child("early_stopping"), "early stopping watches the validation loss"
    if schedule is not None and schedule.type == "ReduceLROnPlateau":
        yield root.child("lr_scheduler"), "ReduceLROnPlateau watches the validation loss"
    if diagnostics.expect:
        yield root.child("diagnostics").child("expect").child("val_metric"), "'val_metric' is of validation rows"
