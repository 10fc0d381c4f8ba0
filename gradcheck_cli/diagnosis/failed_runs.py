"""Reports of runs that could not be done, with the place of each problem; it judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document


def report_unreadable(path: str, document: Document | None, problems: Sequence[Problem]) -> RunReport:
    """Of a config that cannot be read; `document` is None where not even its YAML can."""
    errors = tuple(problems) if document is None else locate_problems(problems, document)
    return RunReport(
        config=path, name=Path(path).stem, seed=0, status=RunStatus.FAILED, errors=errors, document=document
    )


def report_crash(path: str, error: Exception) -> RunReport:
    """Of a run that a fault of ours ended."""
    message = f"internal error: {type(error).__name__}: {error}"
    return _report_failure(path, message, hint="this is a fault of gradcheck; check this config alone")


def report_killed(path: str) -> RunReport:
    """Of a run whose process was killed."""
    message = "the process that trained it was killed, as a system does when its memory runs out"
    return _report_failure(path, message, hint="try it alone, or fewer at a time with --jobs")


def _report_failure(path: str, message: str, *, hint: str) -> RunReport:
    return report_unreadable(path, None, [Problem("", message, hint=hint, is_of_config=False)])


def locate_problems(problems: Sequence[Problem], document: Document) -> tuple[Problem, ...]:
    """Fill in line and column where only the path is known."""
    located = []
    for problem in problems:
        if problem.line is None and problem.path:
            place = document.position(problem.path)
            problem = replace(problem, line=place.line, column=place.column)
        located.append(problem)
    return tuple(located)
