"""What happens to missing cells: an error, rows left out, or column means; it reads no file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.config.schema import Missing, Task
from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.training.data.dataset import Array, Cell, Rows, flatten_rows
from gradcheck_cli.training.data.labels import MISSING_LABEL
from gradcheck_cli.training.data.places import list_places

MOST_CELLS = 20


class MissingCellsError(DataError):
    """Cells are missing and the config does not say what to do with them. `cells` holds the first of them."""

    def __init__(self, problems: tuple[Problem, ...], cells: tuple[Cell, ...] = ()) -> None:
        self.cells = cells
        super().__init__(problems)

    def __reduce__(self) -> tuple[type[MissingCellsError], tuple[tuple[Problem, ...], tuple[Cell, ...]]]:  # type: ignore[override]
        return type(self), (self.problems, self.cells)


def settle_missing(rows: Rows, policy: Missing) -> Rows:
    """The rows without those that the policy leaves out; with `mean`, NaN inputs stay for `fill_with_means`.

    A row whose target is missing teaches nothing and is left out under `drop` and `mean` alike.

    Raises:
        MissingCellsError: Cells are missing and the policy is `error`.
    """
    validation = None if rows.validation is None else settle_missing(rows.validation, policy)
    targets, inputs = _rows_without_target(rows), _rows_without_input(rows)
    if not (targets.any() or inputs.any()):
        return replace(rows, validation=validation)
    if policy is Missing.ERROR:
        raise _refuse(rows)
    left_out = targets | inputs if policy is Missing.DROP else targets
    kept = take_rows(rows, np.flatnonzero(~left_out))
    note = f"{left_out.sum()} of {len(rows)} rows are left out because of missing cells"
    return replace(kept, validation=validation, notes=(*rows.notes, note) if left_out.any() else rows.notes)


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


def find_cells(rows: Rows, bad_inputs: NDArray[np.bool_], bad_targets: NDArray[np.bool_]) -> tuple[Cell, ...]:
    """The first places of the marked inputs `[N, D]` and targets `[N, K]`, row by row."""
    inputs, targets = flatten_rows(rows.x), flatten_rows(rows.y)
    names = [_name_column(rows.feature_names, position, "x") for position in range(inputs.shape[1])]
    names += [_name_column(rows.target_names, position, "y") for position in range(targets.shape[1])]
    places = np.argwhere(np.concatenate([bad_inputs, bad_targets], axis=1))[:MOST_CELLS]
    cells = []
    for row, column in places.tolist():
        number = row if rows.row_numbers is None else int(rows.row_numbers[row])
        value = inputs[row, column] if column < inputs.shape[1] else targets[row, column - inputs.shape[1]]
        cells.append(Cell(number, names[column], str(value)))
    return tuple(cells)


def _rows_without_target(rows: Rows) -> NDArray[np.bool_]:
    if rows.task is Task.CLASSIFICATION:
        return np.asarray(rows.y == MISSING_LABEL)
    return np.asarray(np.isnan(rows.y).any(axis=1))


def _rows_without_input(rows: Rows) -> NDArray[np.bool_]:
    if not np.issubdtype(rows.x.dtype, np.floating):
        return np.zeros(len(rows), dtype=np.bool_)
    return np.asarray(np.isnan(flatten_rows(rows.x)).any(axis=1))


def _refuse(rows: Rows) -> MissingCellsError:
    flat = flatten_rows(rows.x)
    bad_inputs = np.isnan(flat) if np.issubdtype(flat.dtype, np.floating) else np.zeros(flat.shape, dtype=np.bool_)
    targets = flatten_rows(rows.y)
    bad_targets = targets == MISSING_LABEL if rows.task is Task.CLASSIFICATION else np.isnan(targets)
    cells = find_cells(rows, bad_inputs, bad_targets)
    count = int(bad_inputs.sum() + bad_targets.sum())
    shown = [f"{rows.row_word} {cell.row} column {cell.column!r}" for cell in cells]
    places = list_places(shown, total=count)
    message = f"{count} {'cell is' if count == 1 else 'cells are'} missing in {rows.source}: {places}"
    hint = "set `data.missing` to `drop` or `mean`, or mend the file"
    return MissingCellsError((Problem("data.missing", message, allowed="error, drop, mean", hint=hint),), cells)


def _name_column(names: tuple[str, ...], position: int, fallback: str) -> str:
    return names[position] if position < len(names) else f"{fallback}[{position}]"
