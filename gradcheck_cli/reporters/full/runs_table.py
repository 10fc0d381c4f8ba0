"""One line a config at the end of a report on several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.reporters.cell_width import measure, shorten
from gradcheck_cli.reporters.full.text import DIM, INDENT, PASSED, SEVERITY_STYLES, join, style
from gradcheck_cli.reporters.numbers import show_seconds
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.printable import make_line
from gradcheck_cli.reporters.verdict_text import describe_metric, describe_outcome, find_severity

_MARK_WIDTH = 2


def draw_runs_table(runs: Sequence[RunReport], *, page: Page) -> Iterator[Text]:
    """Mark, config and main cause of every run; metric and duration where all of it fits."""
    outcomes = [describe_outcome(run) for run in runs]
    details = [_describe_details(run) for run in runs]
    titles = [f"{make_line(run.config)}: {outcome}" for run, outcome in zip(runs, outcomes, strict=True)]
    widest = max(map(measure, titles))
    has_room = _MARK_WIDTH + widest + INDENT + max(map(measure, details)) <= page.width
    for run, title, detail in zip(runs, titles, details, strict=True):
        shown = shorten(title, page.width - _MARK_WIDTH, ellipsis=page.symbols.ellipsis)
        padding = " " * (widest - measure(title) + INDENT) if has_room else ""
        yield join(_draw_mark(run, page=page), shown, padding, style(detail if has_room else "", DIM))


def _draw_mark(run: RunReport, *, page: Page) -> Text:
    severity = find_severity(run)
    if severity is None:
        return style(f"{page.symbols.passed} ", PASSED)
    return style(f"{page.symbols.of(severity)} ", SEVERITY_STYLES[severity])


def _describe_details(run: RunReport) -> str:
    history = run.history
    if history is None or history.steps is None:
        return ""
    metric = [describe_metric(history.outcome)] if history.outcome is not None else []
    return ", ".join([*metric, show_seconds(history.seconds)])
