"""The text report for a terminal: verdict, findings, layers, curves, coverage; it judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from rich.console import Console, RenderableType
from rich.text import Text

from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.reporters.full.findings import draw_finding
from gradcheck_cli.reporters.full.footer import draw_footer
from gradcheck_cli.reporters.full.problems import draw_problems
from gradcheck_cli.reporters.full.text import DIM, style
from gradcheck_cli.reporters.full.verdict import draw_verdict
from gradcheck_cli.reporters.locations import read_source
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.roots import Root, group_by_root
from gradcheck_cli.reporters.tally import count_findings, show_tally
from gradcheck_cli.rules.config.invalid_config import InvalidConfig

_GAP = Text("")


def render(report: Report, *, page: Page | None = None) -> str:
    """The report as text, with escape sequences only where `page.color` is set."""
    page = page or Page()
    return draw(_draw_report(report, page=page), page=page)


def draw(parts: Iterator[RenderableType], *, page: Page) -> str:
    """Print renderables one below the other on a page."""
    buffer = StringIO()
    console = Console(
        file=buffer,
        width=page.width,
        color_system=page.color,  # type: ignore[arg-type]
        force_terminal=page.color is not None,
        no_color=page.color is None,
        legacy_windows=False,
        emoji=False,
        markup=False,
        highlight=False,
        _environ={},
    )
    for part in parts:
        # A command to be copied is one line, however narrow the page.
        console.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines())


def _draw_report(report: Report, *, page: Page) -> Iterator[RenderableType]:
    for number, run in enumerate(report.runs):
        if number:
            yield style(page.symbols.rule * page.width, DIM)
        yield from _draw_run(run, page=page)
    if len(report.runs) > 1:
        from gradcheck_cli.reporters.full.runs_table import draw_runs_table

        yield style(page.symbols.rule * page.width, DIM)
        yield from draw_runs_table(report.runs, page=page)
        yield style(show_tally(count_findings(report), runs=len(report.runs)))
    for note in report.notes:
        yield style(note, DIM)


def _draw_run(run: RunReport, *, page: Page) -> Iterator[RenderableType]:
    roots = group_by_root(run.findings)
    yield from draw_verdict(run, roots, page=page)
    if run.errors:
        yield from draw_problems(run.errors, file=run.config, text=read_source(run), page=page)
        if any(problem.is_of_config for problem in run.errors):
            yield style(f"More on this: gradcheck rule {InvalidConfig.code}", DIM)
    for root in roots:
        yield _GAP
        yield from draw_finding(root, run, page=page)
    if run.fix is not None:
        # Imported here, like all that `lint` never draws.
        from gradcheck_cli.reporters.full.search import draw_search

        yield _GAP
        yield from draw_search(run, page=page)
    if run.fix is None or page.verbose:
        yield from _draw_measurements(run, page=page)
    if run.history is not None and not run.errors:
        yield from _draw_end(run, roots, page=page)


def _draw_end(run: RunReport, roots: tuple[Root, ...], *, page: Page) -> Iterator[RenderableType]:
    yield _GAP
    yield from draw_footer(run, roots, page=page)


def _draw_measurements(run: RunReport, *, page: Page) -> Iterator[RenderableType]:
    """Layers and curves; a config that was only read has neither."""
    history = run.history
    if history is None or history.steps is None:
        return
    # Imported here: `lint`, which must start fast, draws neither.
    from gradcheck_cli.reporters.full.curve_block import draw_curve_block
    from gradcheck_cli.reporters.full.layer_table import draw_layer_table
    from gradcheck_cli.reporters.layer_rows import collect_rows

    rows = collect_rows(history, run.findings, separate=page.verbose)
    if rows:
        yield _GAP
        yield from draw_layer_table(rows, page=page)
    curves = list(draw_curve_block(history, page=page))
    if curves:
        yield _GAP
        yield from curves
