"""Tests of the command as a whole: help, versions, mistakes, pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck_cli import __version__
from gradcheck_cli.cli.app import run

ROOT = Path(__file__).parents[2]
WRITING = ["init", "schema"]
"""Commands that draw nothing."""
COMMANDS = ["check", "fix", "init", "lint", "report", "rule", "schema", "summary"]


def call(*arguments: str, program: str = "-m gradcheck_cli", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *program.split(), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, **environ},
    )


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_the_commands(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([flag]) == 0
    out = capsys.readouterr().out
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", [*COMMANDS, "run"])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help(command: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, flag]) == 0
    out = capsys.readouterr().out
    assert "Example" in out
    assert "--color" in out or command in WRITING


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"gradcheck {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["chekc"], "check"),
        (["check", "--selcet", "GC1", "x.yaml"], "--select"),
        (["check", "--fail-on", "errors", "x.yaml"], "error"),
        (["check"], "CONFIG"),
        (["rule", "vanshing-gradient"], "vanishing-gradient"),
        (["lint", "--select", "GC999", "configs/healthy.yaml"], "GC"),
        (["check", "--jobs", "0", "x.yaml"], "--jobs"),
        (["fix"], "CONFIG"),
        (["fix", "--unsafe", "x.yaml"], "--unsafe-fixes"),
        (["fix", "--budget", "0.5", "x.yaml"], "--budget"),
        (["fix", "--budget", "lots", "x.yaml"], "--budget"),
        (["fix", "--jobs", "0", "x.yaml"], "--jobs"),
    ],
)
def test_mistakes_are_named_with_a_hint(arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert hint in captured.err
    assert captured.out == ""


def test_help_needs_no_heavy_import() -> None:
    program = (
        "import sys\nfrom gradcheck_cli.cli.app import run\ncode = run(['--help'])\n"
        "heavy = {'torch', 'numpy', 'pydantic', 'yaml', 'joblib', 'asyncio'} & set(sys.modules)\n"
        "assert code == 0 and not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_plain_output_has_no_control_characters() -> None:
    done = call("rule", "GC101")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_colour_can_be_asked_for() -> None:
    assert "\x1b[" in call("rule", "GC101", "--color", "always").stdout
    assert "\x1b[" in call("rule", "GC101", FORCE_COLOR="1", NO_COLOR="").stdout
    assert "\x1b" not in call("rule", "GC101", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_output_that_can_only_be_ascii_is_ascii() -> None:
    done = call("rule", "--all", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_a_reader_that_has_gone_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "gradcheck_cli", "rule", "GC"],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
