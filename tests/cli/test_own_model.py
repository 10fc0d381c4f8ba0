"""The README's model of one's own, and its permission, from the command line."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck_cli.cli.app import run
from tests.test_readme import block_after

CONSOLE_SCRIPT = "from gradcheck_cli.__main__ import main; main()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The two files as printed."""
    for name in ("mynets.py", "own.yaml"):
        (tmp_path / name).write_text(block_after(f"<!-- own model: {name} -->"))
    return tmp_path


def start(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """As the console script does: the current folder is not on Python's path."""
    program = [sys.executable, "-P", "-c", CONSOLE_SCRIPT, *arguments]
    paths = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "", "COLUMNS": "100"}
    return subprocess.run(
        program, cwd=folder, env={**paths, **environ}, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_example_runs_as_printed(folder: Path) -> None:
    command = shlex.split(block_after("<!-- own model: command -->"))
    assert command[0] == "gradcheck"
    done = start(folder, *command[1:])
    assert done.returncode == 1, done.stderr
    assert "GC101 vanishing-gradient  error  own.yaml:2:18" in done.stdout
    assert "inner.0" in done.stdout
    assert "internal error" not in done.stderr
    again = start(folder, "report", "--output-format", "json")
    assert json.loads(again.stdout)["runs"][0]["findings"][0]["rule"] == "GC101"


def test_the_variable_permits_it_in_worker_processes_too(folder: Path) -> None:
    arguments = ["check", "own.yaml", "--seeds", "2", "--jobs", "2", "--no-save", "--output-format", "concise"]
    done = start(folder, *arguments, GRADCHECK_ALLOW_IMPORT="other,mynets")
    assert done.returncode == 1, done.stderr
    assert "GC101 vanishing-gradient" in done.stdout


def test_fix_tries_in_worker_processes_too(folder: Path) -> None:
    text = (folder / "own.yaml").read_text()
    short = text.replace("n: 1000", "n: 100").replace("depth: 12", "depth: 1").replace("epochs: 20", "max_steps: 30")
    (folder / "own.yaml").write_text(short.replace("lr: 0.001", "lr: 30"))
    arguments = ["fix", "own.yaml", "--allow-import", "mynets", "--jobs", "2", "--no-save"]
    done = start(folder, *arguments, "--output-format", "json")
    attempts = json.loads(done.stdout)["runs"][0]["fix"]["attempts"]
    assert len(attempts) > 1, done.stderr
    assert all(attempt["failed"] is None and attempt["metric"] is not None for attempt in attempts)


def test_summary_shows_the_layers_that_it_found(folder: Path) -> None:
    done = start(folder, "summary", "own.yaml", "--allow-import", "mynets", "--output-format", "json")
    layers = json.loads(done.stdout)["layers"]
    assert [layer["type"] for layer in layers] == ["Linear", "Sigmoid"] * 12 + ["Linear"]


@pytest.mark.parametrize("command", ["check", "fix", "summary"])
def test_without_permission_it_is_refused(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GRADCHECK_ALLOW_IMPORT", raising=False)
    assert run([command, "own.yaml"]) == 2
    shown = "".join(capsys.readouterr())
    assert "--allow-import mynets" in shown.replace("\n", " ")
    assert "mynets" not in sys.modules


@pytest.mark.parametrize("command", ["check", "fix"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gradcheck.toml", "allow-import = ['mynets']\n"),
        ("pyproject.toml", "[tool.gradcheck]\nallow-import = ['mynets']\n"),
    ],
)
def test_settings_permit_nothing(
    folder: Path,
    name: str,
    text: str,
    command: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GRADCHECK_ALLOW_IMPORT", raising=False)
    (folder / name).write_text(text)
    assert run([command, "own.yaml", "--no-save"]) == 2
    assert "mynets" not in sys.modules
    assert "imports are granted by --allow-import" in " ".join("".join(capsys.readouterr()).split())


def test_configs_permit_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GRADCHECK_ALLOW_IMPORT", raising=False)
    (folder / ".env").write_text("GRADCHECK_ALLOW_IMPORT=mynets\n")
    (folder / "own.yaml").write_text((folder / "own.yaml").read_text() + "allow_import: [mynets]\n")
    assert run(["check", "own.yaml", "--no-save"]) == 2
    assert "mynets" not in sys.modules
    assert "unknown key 'allow_import'" in "".join(capsys.readouterr())


def test_what_is_no_package_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "own.yaml", "--allow-import", "mynets.py"]) == 2
    assert "'mynets.py' is not the name of a package; allowed: such as mypackage; write 'mynets'" in (
        capsys.readouterr().err
    )
