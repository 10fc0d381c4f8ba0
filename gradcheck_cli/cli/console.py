"""Standard output and standard error: their width, colour and signs, and writing to them; it formats nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import IO

from gradcheck_cli.cli.choices import Color
from gradcheck_cli.errors import OutputError
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.symbols import can_show_unicode

_DEFAULT_WIDTH = 80


def make_page(
    stream: IO[str], *, color: Color, verbose: bool = False, environ: Mapping[str, str] | None = None
) -> Page:
    """The page that fits a stream: a terminal's own width, 80 columns elsewhere unless `COLUMNS` says otherwise."""
    environ = os.environ if environ is None else environ
    return Page(
        width=_measure_width(stream, environ),
        color="standard" if wants_color(stream, color, environ=environ) else None,
        unicode=can_show_unicode(getattr(stream, "encoding", None) or "ascii"),
        verbose=verbose,
    )


def wants_color(stream: IO[str], color: Color, *, environ: Mapping[str, str]) -> bool:
    """`--color` first, then NO_COLOR (no-color.org), FORCE_COLOR, TERM=dumb, then whether it is a terminal."""
    if color is not Color.AUTO:
        return color is Color.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return environ.get("TERM") != "dumb" and is_terminal(stream)


def is_terminal(stream: IO[str]) -> bool:
    """Whether a person watches the stream; a closed one is not watched."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def _measure_width(stream: IO[str], environ: Mapping[str, str]) -> int:
    given = environ.get("COLUMNS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    if is_terminal(stream):
        return shutil.get_terminal_size((_DEFAULT_WIDTH, 24)).columns
    return _DEFAULT_WIDTH


def write_result(text: str) -> None:
    """Write to standard output, at once.

    A reader that has gone (`| head`) is no fault: what is left is dropped, and the exit code stays that of the job.

    Raises:
        OutputError: It cannot be written otherwise, as on a full disk.
    """
    try:
        sys.stdout.write(_fit_encoding(text, sys.stdout))
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        raise OutputError(f"standard output cannot be written: {name_fault(error)}") from None


def name_fault(error: OSError) -> str:
    """What the system says is wrong, without numbers and file names."""
    return os.strerror(error.errno).lower() if error.errno else str(error)


def open_missing_streams() -> None:
    """Give a process that was started without standard output or error (`>&-`) a place to write to all the same."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # Left open to the end of the process, as the stream that it stands for.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def write_message(text: str) -> None:
    """Write a line to standard error."""
    try:
        sys.stderr.write(_fit_encoding(text, sys.stderr) + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        silence(sys.stderr)


def silence(stream: IO[str]) -> None:
    """Send what still comes to nowhere, so that flushing at exit does not fail again."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return


def _fit_encoding(text: str, stream: IO[str]) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
