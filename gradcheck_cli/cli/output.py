"""A report in the format asked for, on standard output."""

from __future__ import annotations

import sys

from gradcheck_cli.cli.choices import Color, OutputFormat
from gradcheck_cli.cli.console import make_page, write_result
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters.registry import load_renderer


def write_report(report: Report, output_format: OutputFormat, *, color: Color, verbose: bool) -> None:
    """Render and write."""
    page = make_page(sys.stdout, color=color, verbose=verbose)
    write_result(load_renderer(output_format.value)(report, page))
