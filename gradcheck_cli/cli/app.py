"""The `gradcheck` command: its sub-commands and where they end; each does its work in its own file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from gradcheck_cli import __version__
from gradcheck_cli.cli.check import check
from gradcheck_cli.cli.coercion import QuickCommand, QuickGroup
from gradcheck_cli.cli.console import name_fault, open_missing_streams, silence, write_result
from gradcheck_cli.cli.fix import fix
from gradcheck_cli.cli.guard import guard_call, guarded
from gradcheck_cli.cli.init import init
from gradcheck_cli.cli.lint import lint
from gradcheck_cli.cli.report import report
from gradcheck_cli.cli.rule import rule
from gradcheck_cli.cli.schema import schema
from gradcheck_cli.cli.summary import summary
from gradcheck_cli.errors import OutputError

_HELP_NAMES = {"help_option_names": ["-h", "--help"]}
_EPILOG = "Exit codes: 0 nothing found, 1 findings, 2 the job could not be done, 130 interrupted."
_TRAIN, _START, _LOOK = "Diagnose", "Write configs", "Look up"

app = typer.Typer(
    cls=QuickGroup,
    name="gradcheck",
    help="A doctor for neural-network training: trains what a YAML config describes and says what is wrong.",
    epilog=_EPILOG,
    context_settings=_HELP_NAMES,
    add_completion=True,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
)
for _name, _command, _panel, _hidden in (
    ("check", check, _TRAIN, False),
    ("run", check, _TRAIN, True),
    ("fix", fix, _TRAIN, False),
    ("lint", lint, _TRAIN, False),
    ("init", init, _START, False),
    ("schema", schema, _START, False),
    ("report", report, _LOOK, False),
    ("rule", rule, _LOOK, False),
    ("summary", summary, _LOOK, False),
):
    app.command(_name, cls=QuickCommand, rich_help_panel=_panel, hidden=_hidden, context_settings=_HELP_NAMES)(
        guarded(_command)
    )


def _show_version(wanted: bool) -> None:
    if wanted:
        write_result(f"gradcheck {__version__}\n")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    # The callback of `--version` has done its work by now; typer wants a function to hang it on.
    del version


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        The exit code of contracts §2.
    """
    open_missing_streams()
    return guard_call(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    try:
        app(args=None if argv is None else list(argv), prog_name="gradcheck")
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):
            # The reader of a page of help has gone. rich and click then exit with 1, which would mean findings.
            return 0
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 2
    except OSError as error:
        # Commands keep their faults to themselves: this is a page of help that could not be written.
        silence(sys.stdout)
        raise OutputError(f"standard output cannot be written: {name_fault(error)}") from None
    return 0
