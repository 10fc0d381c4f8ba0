"""Targets as class indices, and the guess whether a column holds classes at all; it opens no file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck_cli.config.schema import Task
from gradcheck_cli.training.data.dataset import Array

MOST_GUESSED_CLASSES = 20
"""A column of whole numbers with more distinct values is taken for a number. Convention."""

MISSING_LABEL = -1


@dataclass(frozen=True)
class Labels:
    """Targets of one or two tables (training, validation).

    Attributes:
        parts: One array a table: class indices `[N]` int64 (`MISSING_LABEL` where missing), or `[N, K]` float64.
        class_names: Sorted: by value where all are numbers, else by text.
        notes: What was guessed.
    """

    task: Task
    parts: Sequence[Array]
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def encode_labels(parts: Sequence[Sequence[str]], *, notes: tuple[str, ...] = ()) -> Labels:
    """Class indices of labels written as text (empty = missing), with one set of classes over all parts."""
    written = {label for part in parts for label in part if label}
    names, index = _number_classes(written) or _text_classes(written)
    index[""] = MISSING_LABEL
    arrays = [np.array([index[label] for label in part], dtype=np.int64) for part in parts]
    return Labels(Task.CLASSIFICATION, arrays, class_names=names, notes=notes)


def _text_classes(written: set[str]) -> tuple[tuple[str, ...], dict[str, int]]:
    names = tuple(sorted(written))
    return names, {name: position for position, name in enumerate(names)}


def _number_classes(written: set[str]) -> tuple[tuple[str, ...], dict[str, int]] | None:
    """Classes by value, so that `2` comes before `10` and `1` is `1.0`; None where a label is text."""
    try:
        values = {label: float(label) for label in written}
    except ValueError:
        return None
    order = sorted(set(values.values()))
    position = {value: index for index, value in enumerate(order)}
    names = tuple(str(int(value)) if value.is_integer() else repr(value) for value in order)
    return names, {label: position[value] for label, value in values.items()}


def guess_task(labels: Sequence[str], *, several: bool) -> tuple[Task, tuple[str, ...]]:
    """What a target column of a file is where the config does not say: text or a few whole numbers are classes."""
    if several:
        return Task.REGRESSION, ()
    distinct = {label for label in labels if label}
    try:
        values = {float(label) for label in distinct}
    except ValueError:
        return Task.CLASSIFICATION, ()
    whole = all(math.isfinite(value) and value == int(value) for value in values)
    if whole and len(values) <= MOST_GUESSED_CLASSES and 2 * len(values) <= len(labels):
        note = f"the target's {len(values)} whole numbers are taken for classes; set `data.task` if they are not"
        return Task.CLASSIFICATION, (note,)
    return Task.REGRESSION, ()
