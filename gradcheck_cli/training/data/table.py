"""A table of named columns and its way to inputs and targets; it opens no file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.config.schema import Task
from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.training.data.arguments import suggest
from gradcheck_cli.training.data.dataset import Array, Rows
from gradcheck_cli.training.data.labels import Labels, encode_labels, guess_task
from gradcheck_cli.training.data.places import list_places

MISSING = frozenset(
    ("", "#n/a", "#na", "-nan", "1.#qnan", "-1.#ind", "1.#ind", "<na>", "n/a", "na", "nan", "none", "null", "nat")
)
"""Cells that count as missing, in lower case. Source: `pandas.read_csv`, `na_values`."""


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        path: The file, as it is to be quoted.
        key: The config path that names the file.
        columns: By name, in the order of the file: cells as text, or numbers where the format knows them.
        row_numbers: `[N]`: where each row stands in the file.
        row_word: What those numbers count: `line` or `row`.
    """

    path: str
    key: str
    columns: dict[str, Sequence[str] | Array]
    row_numbers: NDArray[np.int64]
    row_word: str = "row"


@dataclass(frozen=True)
class Selection:
    """Which columns are the targets and which are the inputs, as the config says.

    Attributes:
        targets: Names of target columns; more than one only for regression.
        features: Names of input columns; empty means all that are not targets.
        task: None where the target column is to tell.
    """

    targets: tuple[str, ...]
    features: tuple[str, ...] = ()
    task: Task | None = None


@dataclass
class _Reading:
    """A table being turned into numbers, with the problems met so far."""

    table: Table
    problems: list[Problem] = field(default_factory=list)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """`[N]`: one column as numbers, NaN where a cell is missing; text is remembered as a problem."""
        column = self.table.columns[name]
        if isinstance(column, np.ndarray):
            return column.astype(np.float64)
        values = np.array([_parse_number(cell) for cell in column], dtype=np.float64)
        suspects = np.flatnonzero(np.isnan(values)).tolist()
        wrong = [i for i in suspects if not is_missing(column[i])]
        if wrong:
            word, lines = self.table.row_word, self.table.row_numbers
            places = list_places(f"{word} {lines[i]} {column[i].strip()!r}" for i in wrong)
            self._reject(f"column {name!r} holds text: {places}", hint="numbers only; `data.features` can leave it out")
        return values

    def texts(self, name: str) -> list[str]:
        """One column as text, an empty string where a cell is missing."""
        column = self.table.columns[name]
        cells = map(_show_number, column) if isinstance(column, np.ndarray) else (cell.strip() for cell in column)
        return ["" if is_missing(cell) else cell for cell in cells]

    def _reject(self, message: str, *, hint: str = "") -> None:
        self.problems.append(Problem(self.table.key, f"{self.table.path}: {message}", hint=hint))


def is_missing(cell: str) -> bool:
    """Whether a cell of text counts as missing."""
    return cell.strip().lower() in MISSING


def read_rows(table: Table, selection: Selection, *, validation: Table | None = None) -> Rows:
    """Inputs and targets of a table, and of the validation table that goes with it.

    Raises:
        DataError: A column does not exist, or cells cannot be read as numbers; with all problems.
    """
    tables = [table] if validation is None else [table, validation]
    problems = [problem for one in tables for problem in _missing_columns(one, selection, table)]
    if problems:
        raise DataError(problems)
    features = selection.features or tuple(name for name in table.columns if name not in selection.targets)
    readings = [_Reading(one) for one in tables]
    inputs = [_stack([reading.numbers(name) for name in features], reading.table) for reading in readings]
    labels = _read_targets(readings, selection)
    problems = [problem for reading in readings for problem in reading.problems]
    if problems:
        raise DataError(problems)
    parts = [
        Rows(
            x,
            y,
            labels.task,
            class_names=labels.class_names,
            feature_names=features,
            target_names=selection.targets,
            row_numbers=one.row_numbers,
            row_word=one.row_word,
            source=one.path,
            notes=labels.notes,
        )
        for x, y, one in zip(inputs, labels.parts, tables, strict=True)
    ]
    return parts[0] if validation is None else replace(parts[0], validation=parts[1])


def _missing_columns(table: Table, selection: Selection, first: Table) -> list[Problem]:
    names = tuple(table.columns)
    if table is not first:
        wanted = selection.features or tuple(first.columns)
        absent = [name for name in dict.fromkeys((*wanted, *selection.targets)) if name not in names]
        return [Problem(table.key, f"{table.path} has no column {n!r}", hint=suggest(n, names)) for n in absent]
    problems = [_no_column("data.target", name, table) for name in selection.targets if name not in names]
    problems += [_no_column("data.features", name, table) for name in selection.features if name not in names]
    problems += [
        Problem("data.features", f"{name!r} is the target; it cannot be an input as well")
        for name in selection.features
        if name in selection.targets
    ]
    if not problems and not selection.features and set(names) <= set(selection.targets):
        problems.append(
            Problem(table.key, f"{table.path} has no column beside the target", allowed="at least one input")
        )
    return problems


def _no_column(key: str, name: str, table: Table) -> Problem:
    hint = suggest(name, table.columns)
    if not hint and all(not np.isnan(_parse_number(column)) for column in table.columns):
        hint = "the first row holds only numbers: a header row with column names is needed"
    allowed = list_places(table.columns, most=12)
    return Problem(key, f"{table.path} has no column {name!r}", allowed=allowed, hint=hint)


def _stack(columns: list[NDArray[np.float64]], table: Table) -> NDArray[np.float64]:
    return np.stack(columns, axis=1) if columns else np.empty((len(table.row_numbers), 0))


def _read_targets(readings: list[_Reading], selection: Selection) -> Labels:
    texts = [reading.texts(selection.targets[0]) for reading in readings]
    task = selection.task
    notes: tuple[str, ...] = ()
    if task is None:
        task, notes = guess_task(texts[0], several=len(selection.targets) > 1)
    if task is Task.CLASSIFICATION and len(selection.targets) == 1:
        return encode_labels(texts, notes=notes)
    if task is Task.CLASSIFICATION:
        raise DataError(
            [Problem("data.target", f"{list(selection.targets)!r}: a classification has one target column")]
        )
    parts = [_stack([reading.numbers(name) for name in selection.targets], reading.table) for reading in readings]
    return Labels(Task.REGRESSION, parts, notes=notes)


def _parse_number(cell: str) -> float:
    """The cell as a number; NaN where it is missing or text.

    Python also reads `1_000` and digits of other scripts as numbers; in a data file they are mistakes.
    """
    if "_" in cell or not cell.isascii():
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _show_number(value: object) -> str:
    return f"{value:.17g}" if isinstance(value, float) else str(value)
