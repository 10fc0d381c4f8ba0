"""One line a config at the end of a report on several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.reporters.cell_width import measure, shorten
from gradcheck_cli.reporters.full.text import DIM, INDENT, join, style
from gradcheck_cli.reporters.full.verdict import describe_metric, describe_verdict
from gradcheck_cli.reporters.numbers import show_seconds
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.roots import group_by_root

_ROOM_FOR_DETAILS = 72


def draw_runs_table(runs: Sequence[RunReport], *, page: Page) -> Iterator[Text]:
    """Verdict, and where there is room metric and duration, of every run."""
    details = [_describe_details(run) if page.width >= _ROOM_FOR_DETAILS else "" for run in runs]
    room = page.width - INDENT - max(map(len, details))
    verdicts = [join(*describe_verdict(run, group_by_root(run.findings), symbols=page.symbols)) for run in runs]
    widest = min(room, max(measure(verdict.plain) for verdict in verdicts))
    for verdict, detail in zip(verdicts, details, strict=True):
        text = shorten(verdict.plain, room, ellipsis=page.symbols.ellipsis)
        padding = " " * (widest - measure(text) + INDENT)
        yield join(Text(text, spans=verdict.spans, no_wrap=True), padding, style(detail, DIM))


def _describe_details(run: RunReport) -> str:
    history = run.history
    if history is None or history.steps is None:
        return ""
    metric = [describe_metric(history.outcome)] if history.outcome is not None else []
    return ", ".join([*metric, show_seconds(history.seconds)])
