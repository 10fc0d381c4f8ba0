"""Values of the command line are read the same with and without typer's own adapters."""

from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.core import TyperCommand
from typer.testing import CliRunner

from gradcheck_cli.cli.coercion import QuickCommand, _read_plainly


class Word(StrEnum):
    ONE = "one"
    TWO = "two"


def make_app(kind: type[TyperCommand]) -> tuple[typer.Typer, list[tuple[Any, ...]]]:
    app = typer.Typer(pretty_exceptions_enable=False)
    seen: list[tuple[Any, ...]] = []

    @app.command(cls=kind)
    def command(
        names: Annotated[list[str], typer.Argument()],
        word: Annotated[Word, typer.Option()] = Word.ONE,
        loose: Annotated[Word | None, typer.Option(case_sensitive=False)] = None,
        place: Annotated[Path | None, typer.Option()] = None,
        count: Annotated[int, typer.Option(min=1, max=9)] = 1,
        number: Annotated[int | None, typer.Option()] = None,
        rate: Annotated[float, typer.Option()] = 0.5,
        entry: Annotated[list[str] | None, typer.Option()] = None,
        there: Annotated[Path | None, typer.Option(exists=True)] = None,
        parsed: Annotated[str | None, typer.Option(parser=str.upper)] = None,
        flag: Annotated[bool, typer.Option("--flag")] = False,
    ) -> None:
        seen.append((names, word, loose, place, count, number, rate, entry, there, parsed, flag))

    return app, seen


@pytest.mark.parametrize(
    "arguments",
    [
        ["a"],
        ["a", "b", "--word", "two", "--entry", "x", "--entry", "y,z", "--flag"],
        ["a", "--loose", "TWO"],
        ["a", "--place", "some/where", "--count", "3", "--number", "-4", "--rate", "1e-3"],
        ["é", "--entry", ""],
        [],
        ["a", "--word", "three"],
        ["a", "--word", "TWO"],
        ["a", "--count", "0"],
        ["a", "--count", "9"],
        ["a", "--count", "10"],
        ["a", "--count", "٣"],
        ["a", "--count", "007", "--number", "123456789012345678901"],
        ["a", "--there", "."],
        ["a", "--there", "absent"],
        ["a", "--parsed", "x"],
        ["a", "--count", "x"],
        ["a", "--number", "1.5"],
        ["a", "--rate", "fast"],
        ["a", "--nothing"],
    ],
)
def test_values_and_errors_are_those_of_typer(arguments: list[str]) -> None:
    results = []
    for kind in (TyperCommand, QuickCommand):
        app, seen = make_app(kind)
        done = CliRunner().invoke(app, arguments)
        kinds = [list(map(type, call)) for call in seen]
        results.append((done.exit_code, done.output, seen, kinds))
    assert results[0] == results[1]


def test_a_typer_without_adapters_is_left_alone() -> None:
    class Parameter:
        __slots__ = ("name",)

    _read_plainly([Parameter()])


def test_a_plain_command_line_loads_no_pydantic() -> None:
    program = (
        "import sys\nfrom gradcheck_cli.cli.app import run\n"
        "code = run(['lint', 'configs/healthy.yaml', '--select', 'GC5', '--fail-on', 'never', '--verbose'])\n"
        "assert code == 0 and 'pydantic' not in sys.modules\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
