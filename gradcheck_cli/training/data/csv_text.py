"""A csv file into a table of text cells; it does not know which columns are inputs or targets."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np

from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.training.data.paths import find_file, read_bytes
from gradcheck_cli.training.data.places import list_places
from gradcheck_cli.training.data.table import Table

DELIMITERS = (",", ";", "\t")


def open_csv(base: Path, path: str, *, key: str) -> Table:
    """The table in a csv file with a header row, parted by commas, semicolons or tabs.

    Raises:
        DataError: The file cannot be read as such a table; with all problems of its form.
    """
    return parse_csv(read_bytes(find_file(base, path, key=key), key=key), path=path, key=key)


def parse_csv(content: bytes, *, path: str, key: str) -> Table:
    """The table in the content of a csv file. `path` is quoted in messages.

    Raises:
        DataError: It is no such table.
    """
    text = _decode(content, path=path, key=key)
    lines, rows = _split_cells(text, path=path, key=key)
    if not rows:
        raise DataError([Problem(key, f"{path} is empty", allowed="a header row and rows of numbers")])
    names = [name.strip() for name in rows[0]]
    problems = _check_header(names, path=path, key=key) + _check_widths(lines, rows, path=path, key=key)
    if len(rows) == 1:
        problems.append(Problem(key, f"{path} has a header row and no rows below it"))
    if problems:
        raise DataError(problems)
    columns = dict(zip(names, map(list, zip(*rows[1:], strict=True)), strict=True))
    return Table(path, key, dict(columns), np.array(lines[1:], dtype=np.int64), row_word="line")


def _decode(content: bytes, *, path: str, key: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{path} is not UTF-8: byte 0x{content[error.start]:02x} in line {line}"
        raise DataError([Problem(key, message, hint="save the file as UTF-8")]) from error


def _split_cells(text: str, *, path: str, key: str) -> tuple[list[int], list[list[str]]]:
    """Line numbers and cells of the rows that are not blank."""
    lines, rows = [], []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_find_delimiter(text), skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row) or len(row) > 1:
                lines.append(line)
                rows.append(row)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError([Problem(key, f"{path} cannot be read as csv near line {line}: {error}")]) from error
    return lines, rows


def _find_delimiter(text: str) -> str:
    """The delimiter that parts the header into most cells; a comma where none does."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=lambda delimiter: _count_outside_quotes(header, delimiter))


def _count_outside_quotes(line: str, character: str) -> int:
    return sum(part.count(character) for part in line.split('"')[::2])


def _check_header(names: list[str], *, path: str, key: str) -> list[Problem]:
    problems = [
        Problem(key, f"{path}: the header has the name {name!r} {count} times", hint="give every column its own name")
        for name, count in Counter(names).items()
        if count > 1 and name
    ]
    empty = [position for position, name in enumerate(names, start=1) if not name]
    if empty:
        problems.append(Problem(key, f"{path}: the header has no name for column {list_places(empty)}"))
    return problems


def _check_widths(lines: list[int], rows: list[list[str]], *, path: str, key: str) -> list[Problem]:
    width = len(rows[0])
    ragged = [f"line {line} has {len(row)}" for line, row in zip(lines, rows, strict=True) if len(row) != width]
    if not ragged:
        return []
    return [Problem(key, f"{path}: the header has {width} cells but {list_places(ragged)}")]
