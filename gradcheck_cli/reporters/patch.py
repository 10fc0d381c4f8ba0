"""The fixes of a report as a patch that `git apply` and `patch -p1` take, and what is to be said beside it."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.reporters.verdict_text import describe_ending


def render(report: Report) -> str:
    """One patch for all configs that are to be changed; empty where none is."""
    return "".join(make_patch(run) for run in report.runs)


def make_patch(run: RunReport) -> str:
    """The patch of one config; empty where nothing is to be changed."""
    if run.fix is None or run.fix.chosen is None or run.document is None:
        return ""
    from gradcheck_cli.config.edits import unified_diff

    return unified_diff(run.document.text, run.fix.chosen.text, run.config)


def list_remarks(report: Report) -> Iterator[str]:
    """How the search of each config ended, and its problems."""
    yield from report.notes
    for run in report.runs:
        yield from (f"{run.config}: {problem}" for problem in run.errors)
        if run.fix is not None:
            yield f"{run.config}: {describe_ending(run, run.fix)}"
