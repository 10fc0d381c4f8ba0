"""Tests of how commands end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from gradcheck_cli.cli.guard import guarded
from gradcheck_cli.errors import ConfigError, Problem


def end(command: Callable[[], int]) -> int:
    with pytest.raises(typer.Exit) as stop:
        guarded(command)()
    return stop.value.exit_code


def fail(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_command_ends_with_its_code(code: int) -> None:
    assert end(lambda: code) == code


def test_what_a_user_can_mend_is_printed_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = ConfigError([Problem("loss", "unknown loss 'X'"), Problem("", "no such file", hint="check the name")])
    assert end(fail(error)) == 2
    assert capsys.readouterr().err.splitlines() == [
        "gradcheck: loss: unknown loss 'X'",
        "gradcheck: no such file; check the name",
    ]


def test_an_interrupt_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert end(fail(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "gradcheck: interrupted\n"


def test_a_fault_of_ours_names_the_file_with_the_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert end(fail(ValueError("a\x1b[2J\nb"))) == 2
    message = capsys.readouterr().err
    (file,) = tmp_path.iterdir()
    assert "Traceback" not in message
    assert "\x1b" not in message
    assert "internal error: ValueError" in message
    assert str(file) in message
    assert "Traceback (most recent call last)" in file.read_text(encoding="utf-8")


def test_where_no_file_can_be_written_the_traceback_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    assert end(fail(ValueError("no"))) == 2
    assert "Traceback" in capsys.readouterr().err
