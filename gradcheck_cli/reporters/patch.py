"""The fixes of a report as a patch that `git apply` and `patch -p1` take, and what is to be said beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.reporters.search_text import describe_search


def render(report: Report) -> str:
    """One patch for all configs that are to be changed; empty where none is."""
    return "".join(make_patch(run) for run in report.runs)


def make_patch(run: RunReport) -> str:
    """The patch of one config; empty where nothing is to be changed."""
    if run.fix is None or run.fix.chosen is None or run.document is None:
        return ""
    from gradcheck_cli.config.edits import unified_diff

    return unified_diff(run.document.text, run.fix.chosen.text, _name_for_patch(run.config))


def _name_for_patch(config: str) -> str:
    """The file as seen from the current folder, which is what `git apply` and `patch` go by."""
    try:
        return Path(os.path.abspath(config)).relative_to(Path.cwd()).as_posix()
    except ValueError:
        return config


def list_remarks(report: Report) -> Iterator[str]:
    """How the search of each config ended, and its problems."""
    yield from report.notes
    for run in report.runs:
        yield from (f"{run.config}: {problem}" for problem in run.errors)
        if run.fix is not None:
            yield f"{run.config}: {describe_search(run, run.fix)}"
