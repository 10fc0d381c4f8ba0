"""What every command ends with: an exit code, whatever happened; no traceback reaches the terminal."""

from __future__ import annotations

import platform
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from gradcheck_cli import __version__
from gradcheck_cli.cli.console import write_message
from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.reporters.printable import make_line

FAILURE = 2
INTERRUPTED = 130

P = ParamSpec("P")


def guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Turn a command that returns its exit code into one that exits with it, errors and Ctrl-C included."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        raise typer.Exit(guard_call(lambda: command(*args, **kwargs)))

    return run


def guard_call(call: Callable[[], int]) -> int:
    """The exit code of what is done, or of how it failed, which is then said on standard error."""
    try:
        return call()
    except typer.Exit as stop:
        return stop.exit_code
    except GradcheckError as error:
        for problem in error.problems:
            write_message(f"gradcheck: {make_line(str(problem))}")
        return FAILURE
    except KeyboardInterrupt:
        write_message("gradcheck: interrupted")
        return INTERRUPTED
    # The last line of defence: a user is shown a sentence and a file to send, not a traceback.
    except Exception as error:  # noqa: BLE001
        report_crash(error)
        return FAILURE


def report_crash(error: Exception) -> None:
    """Say what broke and where the traceback was written."""
    summary = make_line("".join(traceback.format_exception_only(error)).strip())
    write_message(f"gradcheck: internal error: {summary}")
    details = "".join(traceback.format_exception(error))
    header = f"gradcheck {__version__}, Python {platform.python_version()}, {platform.platform()}\n{sys.argv!r}\n\n"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="gradcheck-crash-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(header + details)
    except OSError:
        write_message(details)
        return
    write_message(f"This is a fault of gradcheck, not of your config. The traceback is in {file.name}")
