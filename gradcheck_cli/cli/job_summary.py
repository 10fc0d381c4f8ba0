"""The summary of a job of GitHub Actions; it is added to what other steps wrote there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gradcheck_cli.cli.console import name_fault, write_message
from gradcheck_cli.diagnosis.report import Report

VARIABLE = "GITHUB_STEP_SUMMARY"


def write_job_summary(report: Report, *, environ: Mapping[str, str] | None = None) -> None:
    """Add the report to the file that GitHub names, if it does; one that cannot be written costs a message only."""
    place = (os.environ if environ is None else environ).get(VARIABLE)
    if not place:
        return
    from gradcheck_cli.reporters.github import render_summary

    try:
        with Path(place).open("ab") as file:
            file.write(render_summary(report).encode(errors="backslashreplace"))
    except OSError as error:
        write_message(f"the job summary {place!r} cannot be written: {name_fault(error)}")
