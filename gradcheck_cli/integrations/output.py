"""Renders and saves the report of a run that was recorded in somebody's own loop; it judges nothing."""

from __future__ import annotations

from pathlib import Path

from gradcheck_cli.diagnosis.exit_code import find_exit_code
from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.diagnosis.saving import RUN_ROOT, describe_findings
from gradcheck_cli.errors import Problem, RunFolderError, UsageError
from gradcheck_cli.recording.replacing import replace_file
from gradcheck_cli.recording.run_folder import RunFolder
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.registry import FORMATS, load_renderer

COMMAND = "record"


def render_report(run: RunReport, format: str, path: str | Path | None, *, verbose: bool) -> str:
    """The report in one of the formats, written to `path` where one is given.

    Raises:
        UsageError: There is no such format, or the file cannot be written.
    """
    if format not in FORMATS:
        raise UsageError([Problem("format", f"there is no format {format!r}", allowed=", ".join(FORMATS))])
    text = load_renderer(format)(Report(COMMAND, (run,), find_exit_code([run])), Page(verbose=verbose))
    if path is not None:
        try:
            replace_file(Path(path), text)
        except OSError as error:
            message = f"{str(path)!r} cannot be written: {error.strerror or error}"
            raise UsageError([Problem("path", message)]) from error
    return text


def save_run(run: RunReport, root: Path | None) -> Path:
    """Keep the run below `root`; its folder.

    Raises:
        RunFolderError: It cannot be written.
    """
    if run.history is None:
        raise RunFolderError("there is nothing to save")
    folder = RunFolder.create(root or RUN_ROOT, run.name, "", run.history.environment)
    folder.finish(run.history, describe_findings(run.findings))
    return folder.path
