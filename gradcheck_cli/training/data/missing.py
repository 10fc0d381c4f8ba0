"""What happens to missing cells: an error, rows left out, or column means; it reads no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.config.schema import Missing, Task
from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.recording.data_profile import BadCells, DataProfile
from gradcheck_cli.training.data.columns import find_cells
from gradcheck_cli.training.data.dataset import Array, Rows, flatten_rows
from gradcheck_cli.training.data.labels import MISSING_LABEL
from gradcheck_cli.training.data.places import list_places


def settle_missing(rows: Rows, policy: Missing) -> Rows:
    """The rows without those that the policy leaves out; with `mean`, NaN inputs stay for `fill_with_means`.

    A row whose target is missing teaches nothing and is left out under `drop` and `mean` alike.

    Raises:
        DataError: Cells are missing and the policy is `error`; its profile tells which.
    """
    parts = [rows] if rows.validation is None else [rows, rows.validation]
    if policy is Missing.ERROR:
        refuse_missing(parts)
        return rows
    settled = [_leave_out(part, policy) for part in parts]
    return settled[0] if len(settled) == 1 else replace(settled[0], validation=settled[1])


def refuse_missing(parts: Sequence[Rows]) -> None:
    """Refuse rows with missing cells.

    Raises:
        DataError: There are some, in any of the parts; its profile tells which.
    """
    masks = [_missing_cells(part) for part in parts]
    counts = [int(inputs.sum() + targets.sum()) for inputs, targets in masks]
    if not any(counts):
        return
    cells = [find_cells(part, *mask) for part, mask in zip(parts, masks, strict=True)]
    found = [
        f"{count} {'cell is' if count == 1 else 'cells are'} missing in {part.source}: {list_places(some, total=count)}"
        for part, count, some in zip(parts, counts, cells, strict=True)
        if count
    ]
    hint = "set `data.missing` to `drop` or `mean`, or mend the file"
    profile = DataProfile(bad_cells=BadCells(tuple(chain(*cells)), sum(counts), refused=True))
    raise DataError([Problem("data.missing", "; ".join(found), allowed="error, drop, mean", hint=hint)], profile)


def take_rows(rows: Rows, chosen: NDArray[np.int64]) -> Rows:
    """The chosen rows, in that order."""
    numbers = np.arange(len(rows)) if rows.row_numbers is None else rows.row_numbers
    return replace(rows, x=rows.x[chosen], y=rows.y[chosen], row_numbers=numbers[chosen])


def fill_with_means(x_train: Array, x_validation: Array) -> tuple[Array, Array]:
    """Replace NaN by the mean of the column's finite values in the training rows (0 where there is none)."""
    if np.issubdtype(x_train.dtype, np.integer) or not (np.isnan(x_train).any() or np.isnan(x_validation).any()):
        return x_train, x_validation
    finite = np.isfinite(x_train)
    means = np.where(finite, x_train, 0).sum(axis=0) / np.maximum(finite.sum(axis=0), 1)
    return np.where(np.isnan(x_train), means, x_train), np.where(np.isnan(x_validation), means, x_validation)


def _leave_out(rows: Rows, policy: Missing) -> Rows:
    inputs, targets = (mask.any(axis=1) for mask in _missing_cells(rows))
    left_out = targets | inputs if policy is Missing.DROP else targets
    if not left_out.any():
        return rows
    note = f"{left_out.sum()} of {len(rows)} rows are left out because of missing cells"
    return replace(take_rows(rows, np.flatnonzero(~left_out)), notes=(*rows.notes, note))


def _missing_cells(rows: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which inputs `[N, D]` and targets `[N, K]` are missing."""
    inputs, targets = flatten_rows(rows.x), flatten_rows(rows.y)
    return (
        np.isnan(inputs) if np.issubdtype(inputs.dtype, np.floating) else np.zeros(inputs.shape, dtype=np.bool_),
        targets == MISSING_LABEL if rows.task is Task.CLASSIFICATION else np.isnan(targets),
    )
