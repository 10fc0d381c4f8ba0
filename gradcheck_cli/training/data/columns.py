"""Names of columns, and the places of single cells in them; it judges no value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.config.schema import Task
from gradcheck_cli.recording.data_profile import Cell
from gradcheck_cli.training.data.dataset import Rows, flatten_rows

MOST_CELLS = 20


def name_input(rows: Rows, position: int) -> str:
    """Name of a column of the flattened inputs: the feature's own, else its index, such as `x[3]` or `x[0, 7, 2]`."""
    if position < len(rows.feature_names):
        return rows.feature_names[position]
    return f"x[{', '.join(str(int(index)) for index in np.unravel_index(position, rows.x.shape[1:]))}]"


def name_target(rows: Rows, position: int) -> str:
    """Name of a column of the targets."""
    return rows.target_names[position] if position < len(rows.target_names) else f"y[{position}]"


def find_cells(rows: Rows, bad_inputs: NDArray[np.bool_], bad_targets: NDArray[np.bool_]) -> tuple[Cell, ...]:
    """The first places of the marked inputs `[N, D]` and targets `[N, K]`, row by row."""
    inputs, targets = flatten_rows(rows.x), flatten_rows(rows.y)
    width = inputs.shape[1]
    places = np.argwhere(np.concatenate([bad_inputs, bad_targets], axis=1))[:MOST_CELLS]
    cells = []
    for row, column in places.tolist():
        number = row if rows.row_numbers is None else int(rows.row_numbers[row])
        is_input = column < width
        name = name_input(rows, column) if is_input else name_target(rows, column - width)
        value = inputs[row, column] if is_input else targets[row, column - width]
        written = "nan" if not is_input and rows.task is Task.CLASSIFICATION else str(value)
        cells.append(Cell(number, name, written, row_word=rows.row_word, source=rows.source))
    return tuple(cells)
