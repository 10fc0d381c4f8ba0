"""`--report FORMAT=PATH`: places are tried before the work, which may take hours, and written after it."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from gradcheck_cli.cli.choices import OutputFormat
from gradcheck_cli.cli.console import name_fault
from gradcheck_cli.diagnosis.config_files import SUFFIXES
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.errors import OutputError, Problem, UsageError
from gradcheck_cli.recording.replacing import replace_file
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.registry import load_renderer

_EXAMPLE = "FORMAT=PATH, such as sarif=gradcheck.sarif"


@dataclass(frozen=True)
class ReportFile:
    """One report to write.

    Attributes:
        name: Its place as the user gave it.
        path: The same with symbolic links followed, so that a report goes to where a link points; as it is for a
            device or a pipe, which is written into and not replaced.
    """

    format: OutputFormat
    name: str
    path: Path


def plan_reports(arguments: Sequence[str] | None, *, configs: Sequence[str] = ()) -> tuple[ReportFile, ...]:
    """What `--report` asks for; every place is tried, and nothing is left there.

    Args:
        configs: Files that the command reads, which no report may overwrite.

    Raises:
        UsageError: A format does not exist, a place cannot be written, or two reports have the same; all at once.
    """
    files: list[ReportFile] = []
    problems: list[Problem] = []
    kept = {Path(config).resolve() for config in configs if "\0" not in config}
    for argument in arguments or ():
        file = _read(argument)
        problem = file if isinstance(file, Problem) else _try_place(file, taken=files, kept=kept)
        if isinstance(problem, Problem):
            problems.append(problem)
        elif isinstance(file, ReportFile):
            files.append(file)
    if problems:
        raise UsageError(problems)
    return tuple(files)


def write_reports(report: Report, files: Sequence[ReportFile], *, verbose: bool) -> None:
    """Write every file, or nothing of it.

    Raises:
        OutputError: For those that could not be written, after all others were.
    """
    problems = list(_write_all(report, files, page=Page(verbose=verbose)))
    if problems:
        raise OutputError(problems)


def _read(argument: str) -> ReportFile | Problem:
    format_name, sign, name = argument.partition("=")
    if not sign or not name.strip():
        return Problem("", f"--report {argument}: a format and a place are needed", allowed=_EXAMPLE)
    formats = [entry.value for entry in OutputFormat]
    if format_name not in formats:
        close = difflib.get_close_matches(format_name.casefold(), formats, n=1)
        hint = f"did you mean {close[0]!r}?" if close else ""
        return Problem("", f"--report {argument}: there is no format {format_name!r}", ", ".join(formats), hint)
    if name == "-":
        hint = f"use --output-format {format_name}"
        return Problem("", f"--report {argument}: '-' is no file", allowed=_EXAMPLE, hint=f"for standard output {hint}")
    try:
        path = Path(name) if _is_special(Path(name)) else Path(name).resolve()
        return ReportFile(OutputFormat(format_name), name, path)
    except (OSError, ValueError, RuntimeError) as error:
        fault = name_fault(error) if isinstance(error, OSError) else str(error)
        return Problem("", f"--report {argument}: {fault}")


def _try_place(file: ReportFile, *, taken: Sequence[ReportFile], kept: Set[Path]) -> Problem | None:
    option, folder = f"--report {file.format.value}={file.name}", file.path.parent
    if _is_special(file.path):
        return None
    if any(file.path == other.path for other in taken):
        return Problem("", f"{option}: another report goes to the same place", hint="give each a name of its own")
    if file.path.is_dir():
        return Problem("", f"{option}: {file.name!r} is a folder", allowed="the name of a file")
    if file.path in kept or (file.path.suffix in SUFFIXES and file.path.exists()):
        return Problem("", f"{option}: this would overwrite a config", hint="choose another name")
    if not folder.is_dir():
        return Problem("", f"{option}: there is no folder {str(folder)!r}", hint="create it first")
    try:
        # Named like the draft that `replace_file` will write, so that its length is tried too.
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{file.path.name}."):
            return None
    except OSError as error:
        return Problem("", f"{option}: {str(folder)!r} cannot be written: {name_fault(error)}")


def _is_special(path: Path) -> bool:
    """Whether a device or a pipe stands there."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _write_all(report: Report, files: Sequence[ReportFile], *, page: Page) -> Iterator[Problem]:
    for file in files:
        text = load_renderer(file.format.value)(report, page).encode(errors="backslashreplace")
        try:
            if _is_special(file.path):
                file.path.write_bytes(text)
            else:
                replace_file(file.path, text)
        except OSError as error:
            yield Problem("", f"the report {file.name!r} cannot be written: {name_fault(error)}")
