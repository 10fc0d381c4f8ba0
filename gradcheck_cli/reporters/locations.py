"""Where a finding stands in the config file, and that file's text; it reads a file only to quote it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.errors import Problem

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Position

_MOST_CHARACTERS = 2**20
"""No more is read of a file that was refused for its size."""


class Region(NamedTuple):
    """A stretch of text; all numbers from 1, `end_column` is the first column after it."""

    line: int
    column: int
    end_line: int
    end_column: int


def locate(path: str, run: RunReport) -> Position | None:
    """Position of a config path; None for a finding on the whole run and where no file is behind it."""
    if run.document is None or not path:
        return None
    return run.document.position(path)


def find_region(path: str, run: RunReport) -> Region:
    """Where a config path is written; the first line for a finding on the whole run."""
    place = locate(path, run)
    if place is None:
        return _find_rest_of_line(run, 1, 1)
    return Region(place.line, place.column, place.end_line, place.end_column)


def find_region_of_problem(problem: Problem, run: RunReport) -> Region:
    """The value that a problem is about; where only its beginning is known, the rest of the line."""
    place = locate(problem.path, run)
    if place is not None and problem.line in (None, place.line) and problem.column in (None, place.column):
        return Region(place.line, place.column, place.end_line, place.end_column)
    return _find_rest_of_line(run, problem.line or 1, problem.column or 1)


def _find_rest_of_line(run: RunReport, line: int, column: int) -> Region:
    from gradcheck_cli.config.lines import split_lines

    lines = split_lines(read_source(run) or "")
    length = len(lines[line - 1].rstrip("\r\n")) if line <= len(lines) else 0
    return Region(line, column, line, max(length + 1, column))


def show_place(path: str, run: RunReport) -> str:
    """`file:line:column`, or the file alone where there is no line."""
    place = locate(path, run)
    return run.config if place is None else f"{run.config}:{place.line}:{place.column}"


def read_source(run: RunReport) -> str | None:
    """Text of the config, for quoting; None where it cannot be had. One with broken YAML has no document."""
    if run.document is not None:
        return run.document.text
    try:
        with Path(run.config).open(encoding="utf-8") as file:
            return file.read(_MOST_CHARACTERS)
    except (OSError, ValueError):
        return None
