"""Where a finding stands in the config file, and that file's text; it reads a file only to quote it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.report import RunReport

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Position


def locate(path: str, run: RunReport) -> Position | None:
    """Position of a config path; None for a finding on the whole run and where no file is behind it."""
    if run.document is None or not path:
        return None
    return run.document.position(path)


def show_place(path: str, run: RunReport) -> str:
    """`file:line:column`, or the file alone where there is no line."""
    place = locate(path, run)
    return run.config if place is None else f"{run.config}:{place.line}:{place.column}"


def read_source(run: RunReport) -> str | None:
    """Text of the config, for quoting; None where it cannot be had. One with broken YAML has no document."""
    if run.document is not None:
        return run.document.text
    try:
        return Path(run.config).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
