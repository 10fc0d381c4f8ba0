"""What loaded data look like before any standardisation, as a `DataProfile`; it judges nothing.

It must stay cheap: large sets are looked at in part, by seeded draws that no other stream shares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.config.schema import DataConfig, Missing, Task
from gradcheck_cli.recording.data_profile import BadCells, Cell, ClassCounts, DataProfile, Scales
from gradcheck_cli.training.data.columns import find_cells, name_input, name_target
from gradcheck_cli.training.data.dataset import Array, Rows, flatten_rows
from gradcheck_cli.training.data.overlap import find_overlap

MOST_VALUES = 4_000_000
"""Inputs whose size and spread are measured; of larger sets, so many in seeded rows."""
MOST_NAMES = 20
FIRST_ROWS = 256
"""Enough to clear most columns of being constant before all rows are compared."""

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def profile_data(train: Rows, validation: Rows, config: DataConfig) -> DataProfile:
    """Look at both parts as they were read, missing cells still NaN."""
    inputs = None if np.issubdtype(train.x.dtype, np.integer) else flatten_rows(train.x)
    bad_cells = find_bad_cells(train, validation, config)
    constant = np.empty(0, dtype=np.int64) if inputs is None else _find_constant(inputs)
    classes = train.task is Task.CLASSIFICATION
    return DataProfile(
        inputs=None if inputs is None else _measure(inputs, train, standardized=config.standardize),
        targets=None if classes else _measure(train.y, train, standardized=config.standardize_target, targets=True),
        classes=_count_classes(train, validation) if classes else None,
        overlap=find_overlap(train.x, validation.x),
        bad_cells=bad_cells,
        constant_features=tuple(name_input(train, position) for position in constant[:MOST_NAMES].tolist()),
        constant_feature_count=len(constant),
        constant_target=bool((train.y == train.y[:1]).all()),
    )


def find_bad_cells(train: Rows, validation: Rows, config: DataConfig) -> BadCells | None:
    """Values that float32 cannot hold as a finite number, missing inputs aside where they get a mean."""
    cells: list[Cell] = []
    count = 0
    for part in (train, validation):
        inputs, targets = _not_finite(part.x), _not_finite(part.y)
        if config.missing is Missing.MEAN and inputs.any():
            inputs &= ~np.isnan(flatten_rows(part.x))
        found = int(inputs.sum() + targets.sum())
        cells += find_cells(part, inputs, targets) if found else ()
        count += found
    return BadCells(tuple(cells), count) if count else None


def _not_finite(values: Array) -> Bools:
    flat = flatten_rows(values)
    if np.issubdtype(flat.dtype, np.integer):
        return np.zeros(flat.shape, dtype=np.bool_)
    if flat.dtype == np.float32:
        return np.asarray(~np.isfinite(flat))
    return np.asarray(~(np.abs(flat) <= np.finfo(np.float32).max))


def _measure(columns: Array, rows: Rows, *, standardized: bool, targets: bool = False) -> Scales | None:
    """Size and spread of the columns `[N, D]`; None where no value is finite."""
    chosen = columns[_choose_rows(len(columns), MOST_VALUES // max(columns.shape[1], 1))]
    values = np.asarray(chosen, dtype=np.float64)
    finite = np.isfinite(values)
    known = np.flatnonzero(finite.any(axis=0))
    if not len(known):
        return None
    values, finite = values[:, known], finite[:, known]
    size = np.sqrt(np.square(values, where=finite, out=np.zeros_like(values)).sum(axis=0) / finite.sum(axis=0))
    spread = _spread(values)
    varying = np.flatnonzero(spread > 0)
    order = varying[np.argsort(spread[varying], kind="stable")] if len(varying) else np.zeros(1, dtype=np.int64)
    narrow = int(order[(len(order) - 1) // 4])
    largest, widest = int(np.argmax(size)), int(order[-1])
    name = name_target if targets else name_input
    return Scales(
        largest=name(rows, int(known[largest])),
        size=float(size[largest]),
        widest=name(rows, int(known[widest])),
        spread=float(spread[widest]),
        narrow=name(rows, int(known[narrow])),
        narrow_spread=float(spread[narrow]),
        standardized=standardized,
    )


def _spread(values: Array) -> Floats:
    """`[D]`: largest less smallest finite value of each column; 0 where there is none."""
    highest = np.max(values, axis=0, where=np.isfinite(values), initial=-np.inf)
    lowest = np.min(values, axis=0, where=np.isfinite(values), initial=np.inf)
    return np.asarray(np.where(highest >= lowest, highest - lowest, 0.0), dtype=np.float64)


def _find_constant(inputs: Array) -> Ints:
    """Columns `[N, D]` whose values are all equal, in every training row."""
    if len(inputs) < 2:
        return np.empty(0, dtype=np.int64)
    suspects = np.flatnonzero((inputs[:FIRST_ROWS] == inputs[:1]).all(axis=0))
    return np.asarray(suspects[(inputs[:, suspects] == inputs[:1, suspects]).all(axis=0)])


def _count_classes(train: Rows, validation: Rows) -> ClassCounts:
    counts = [np.bincount(part.y, minlength=len(train.class_names)).astype(np.int64) for part in (train, validation)]
    return ClassCounts(train.class_names, *counts)


def _choose_rows(count: int, most: int) -> Ints | slice:
    if count <= most:
        return slice(None)
    return np.sort(np.random.default_rng(0).choice(count, max(most, 2), replace=False))
