"""Where a finding stands in the config file; it reads no file."""

from __future__ import annotations

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
