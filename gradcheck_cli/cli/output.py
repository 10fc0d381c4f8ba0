"""A report in the format asked for, on standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from gradcheck_cli.cli.choices import Color, OutputFormat
from gradcheck_cli.cli.console import make_page, write_message, write_result
from gradcheck_cli.cli.job_summary import write_job_summary
from gradcheck_cli.cli.report_files import ReportFile, write_reports
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.reporters.registry import load_renderer

_WITH_NOTES = frozenset({OutputFormat.FULL, OutputFormat.GITHUB, OutputFormat.MARKDOWN})
"""Formats that show the notes of a report themselves."""


def write_report(
    report: Report,
    output_format: OutputFormat,
    *,
    color: Color,
    verbose: bool,
    files: Sequence[ReportFile] = (),
) -> None:
    """Render and write: on standard output, and every file that `--report` asks for.

    Raises:
        OutputError: Files that cannot be written, after everything else was.
    """
    page = make_page(sys.stdout, color=color, verbose=verbose)
    if output_format not in _WITH_NOTES:
        for note in report.notes:
            write_message(note)
    try:
        # First, so that a reader of standard output who has gone does not cost the files.
        write_reports(report, files, verbose=verbose)
    finally:
        write_result(load_renderer(output_format.value)(report, page))
        if output_format is OutputFormat.GITHUB:
            write_job_summary(report)


def write_diff(report: Report, *, files: Sequence[ReportFile] = (), verbose: bool = False) -> None:
    """The fixes of all configs as one patch on standard output; what concerns no line of it goes to standard error.

    Raises:
        OutputError: Files that cannot be written, after everything else was.
    """
    from gradcheck_cli.reporters.patch import list_remarks, render

    for remark in list_remarks(report):
        write_message(remark)
    try:
        write_reports(report, files, verbose=verbose)
    finally:
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
