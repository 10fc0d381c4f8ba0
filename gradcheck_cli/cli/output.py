"""A report in the format asked for, on standard output."""

from __future__ import annotations

import sys
from pathlib import Path

from gradcheck_cli.cli.choices import Color, OutputFormat
from gradcheck_cli.cli.console import make_page, write_message, write_result
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.reporters.registry import load_renderer


def write_report(report: Report, output_format: OutputFormat, *, color: Color, verbose: bool) -> None:
    """Render and write."""
    page = make_page(sys.stdout, color=color, verbose=verbose)
    if output_format is not OutputFormat.FULL:
        for note in report.notes:
            write_message(note)
    write_result(load_renderer(output_format.value)(report, page))


def write_diff(report: Report) -> None:
    """The fixes of all configs as one patch on standard output; what concerns no line of it goes to standard error."""
    from gradcheck_cli.reporters.patch import list_remarks, render

    for remark in list_remarks(report):
        write_message(remark)
    write_result(render(report))


def write_problems(error: GradcheckError, config: str, *, color: Color) -> None:
    """Draw what is wrong with a config on standard error, each problem with its source line."""
    from gradcheck_cli.reporters.full.problems import draw_problems
    from gradcheck_cli.reporters.full.report import draw

    page = make_page(sys.stderr, color=color)
    try:
        text = Path(config).read_text(encoding="utf-8")
    except (OSError, ValueError):
        text = None
    write_message(draw(draw_problems(error.problems, file=config, text=text, page=page), page=page).rstrip("\n"))
