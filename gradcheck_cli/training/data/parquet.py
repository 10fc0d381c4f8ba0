"""A parquet file into a table, where pyarrow is installed; it does not know which columns are inputs or targets."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.training.data.dataset import Array
from gradcheck_cli.training.data.paths import find_file
from gradcheck_cli.training.data.table import Table


def open_parquet(base: Path, path: str, *, key: str) -> Table:
    """The table in a parquet file; nulls are missing cells.

    Raises:
        DataError: pyarrow is not installed, or the file cannot be read.
    """
    file = find_file(base, path, key=key)
    arrow = import_extra("pyarrow", source="parquet")
    reader = import_extra("pyarrow.parquet", source="parquet")
    try:
        content = reader.read_table(file)
    except (OSError, arrow.ArrowException) as error:
        raise DataError([Problem(key, f"{path} cannot be read as parquet: {error}")]) from error
    names = content.column_names
    if len(set(names)) < len(names):
        raise DataError([Problem(key, f"{path} has two columns of the same name")])
    if content.num_rows == 0:
        raise DataError([Problem(key, f"{path} has no rows")])
    columns = {name: _read_column(content.column(name), arrow) for name in names}
    return Table(path, key, columns, np.arange(content.num_rows))


def import_extra(module: str, *, source: str) -> Any:
    """A package of the extra `data`.

    Raises:
        DataError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = {"PIL": "pillow"}.get(module.partition(".")[0], module.partition(".")[0])
        message = f"the source {source!r} needs the package {package}, which is not installed"
        raise DataError([Problem("data.type", message, hint="pip install 'gradcheck-cli[data]'")]) from error


def _read_column(column: Any, arrow: Any) -> Sequence[str] | Array:
    kind = column.type
    if arrow.types.is_floating(kind) or arrow.types.is_integer(kind) or arrow.types.is_boolean(kind):
        values = [float("nan") if value is None else value for value in column.to_pylist()]
        whole = not column.null_count and not arrow.types.is_floating(kind)
        return np.array(values, dtype=np.int64 if whole else np.float64)
    return ["" if value is None else str(value) for value in column.to_pylist()]
