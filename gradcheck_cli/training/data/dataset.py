"""The data of one run as numpy arrays, before and after the split; it loads nothing and knows no source."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.config.schema import Task
from gradcheck_cli.recording.data_profile import Cell, DataProfile

Array = NDArray[Any]


def flatten_rows(array: Array) -> Array:
    """`[N, ...]` as `[N, D]`; unlike `reshape(N, -1)` also without rows. `[N]` gives `[N, 1]`."""
    return array.reshape(len(array), math.prod(array.shape[1:]))


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows of a source, not yet split.

    Attributes:
        x: `[N, ...]`; floating point, or int64 for token ids. NaN marks a missing cell.
        y: Class indices `[N]` int64, or numbers `[N, K]` float64.
        task: What the targets are.
        class_names: In the order of the class indices; empty for regression.
        feature_names: One for each column of `[N, D]` inputs; may be empty.
        target_names: One for each column of `y`; may be empty.
        row_numbers: `[N]`: where each row stands in its file; None where rows are just counted from 0.
        row_word: What those numbers count: `line` or `row`.
        source: The file as the config names it, or the name of the source.
        validation: Rows that the source itself sets apart; None where the split is ours to make.
        notes: Plain sentences about what was read.
    """

    x: Array
    y: Array
    task: Task
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    row_numbers: NDArray[np.int64] | None = None
    row_word: str = "row"
    source: str = ""
    validation: Rows | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Dataset:
    """What a run trains on and is judged by.

    Attributes:
        x_train, x_validation: `[N, ...]` float32, or int64 for token ids; zero validation rows where there are none.
        y_train, y_validation: Class indices `[N]` int64, or `[N, K]` float32 (standardized where asked).
        task: What the targets are.
        classes: Number of classes; None for regression.
        class_names: In the order of the class indices.
        feature_names: One for each column of `[N, D]` inputs; may be empty.
        target_mean, target_scale: `[K]`: a target in its own units is `y * target_scale + target_mean`; None where
            the targets were left alone.
        profile: What the data look like before any standardisation.
        notes: Plain sentences for the report, such as how many rows were dropped.
    """

    x_train: Array
    y_train: Array
    x_validation: Array
    y_validation: Array
    task: Task
    classes: int | None = None
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    target_mean: NDArray[np.float64] | None = None
    target_scale: NDArray[np.float64] | None = None
    profile: DataProfile = field(default_factory=DataProfile)
    notes: tuple[str, ...] = ()

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return tuple(self.x_train.shape[1:])

    @property
    def tokens(self) -> bool:
        """Whether the inputs are token ids."""
        return bool(np.issubdtype(self.x_train.dtype, np.integer))

    @property
    def non_finite(self) -> tuple[Cell, ...]:
        """The first places where an input or target is NaN or infinite."""
        return self.profile.bad_cells.first if self.profile.bad_cells is not None else ()

    @property
    def constant_target(self) -> bool:
        """Whether all targets of the training rows are equal."""
        return bool((self.y_train == self.y_train[:1]).all())
