"""The table of exit codes in the README, row by row, on the real command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.cli.app import run
from gradcheck_cli.cli.progress import PlainProgress
from gradcheck_cli.recording.history import History
from gradcheck_cli.recording.progress import ProgressPoint
from gradcheck_cli.rules.gradient_flow.vanishing_gradient import VanishingGradient
from tests.diagnosis.test_check import GOOD
from tests.histories import make_history

ROOT = Path(__file__).parents[1]
HEALTHY = GOOD.replace("epochs: 8", "epochs: 20")
DIVERGING = HEALTHY.replace("{type: Adam, lr: 0.02}", "{type: SGD, lr: 1e9}")
ENDLESS = HEALTHY.replace("epochs: 20", "epochs: 10000000")
TWO_OUTPUTS = HEALTHY.replace("out_features: 3", "out_features: 2")
NO_DATA = HEALTHY.replace("{type: wine, standardize: true}", "{type: csv, path: absent.csv, target: y}")
REFUSED = HEALTHY.replace("out_features: 16}", "in_features: 9, out_features: 16}")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "a.yaml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gradcheck_cli", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "CI": "1"}
    return subprocess.Popen(command, text=True, encoding="utf-8", env=environ, stderr=subprocess.PIPE, **options)


def errors_of(path: str = "report.json") -> list[dict[str, Any]]:
    """The errors of each run, of a report written by `--report`."""
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    return [error for entry in document["runs"] for error in entry["errors"]]


def test_0_nothing_at_or_above_fail_on() -> None:
    assert run(["check", write(HEALTHY), "--no-save", "-q"]) == 0
    assert run(["lint", write(TWO_OUTPUTS), "--fail-on", "never"]) == 0
    assert run(["--version"]) == 0
    assert run(["check", "--help"]) == 0


def test_1_findings() -> None:
    assert run(["lint", write(TWO_OUTPUTS)]) == 1


def test_1_a_run_that_diverges() -> None:
    assert run(["check", write(DIVERGING), "--no-save", "-q"]) == 1


def test_1_a_network_that_torch_refuses_for_a_reason_that_was_found() -> None:
    assert run(["check", write(TWO_OUTPUTS), "--no-save", "-q", "--report", "json=report.json"]) == 1
    assert errors_of()[0]["rule"] == "GC001"


@pytest.mark.parametrize(
    "arguments",
    [
        ["chekc"],
        ["lint"],
        ["lint", "a.yaml", "--wrong"],
        ["lint", "a.yaml", "--select", "GC999"],
        ["lint", "a.yaml", "--output-format", "pdf"],
        ["lint", "a.yaml", "--report", "pdf=report"],
        ["lint", "a.yaml", "--report", "json=absent/report.json"],
        ["check", "a.yaml", "--timeout", "-1"],
        ["check", "a.yaml", "--timeout", "nan"],
        ["check", "a.yaml", "--timeout", "soon"],
        ["report", "absent"],
        ["rule", "absent"],
    ],
)
def test_2_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write(HEALTHY)
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


@pytest.mark.parametrize("argument", [".", "*.yaml", "**/*.yml"])
def test_2_nothing_matched(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", argument, "--report", "json=report.json"]) == 2
    assert "holds no config" in capsys.readouterr().err
    assert not Path("report.json").exists()


@pytest.mark.parametrize("text", ["model: [1\n", "model: 3\n", "", "- a\n"])
def test_2_a_config_that_cannot_be_read(text: str) -> None:
    assert run(["lint", write(text), write(HEALTHY, "b.yaml"), "--report", "json=report.json"]) == 2
    assert {error["rule"] for error in errors_of()} == {"GC001"}


def test_2_a_file_that_is_not_there_or_not_text(folder: Path) -> None:
    (folder / "b.yaml").write_bytes(b"model: \xff\n")
    (folder / "c.yaml").mkdir()
    (folder / "c.yaml" / "d.yaml").write_text(HEALTHY, encoding="utf-8")
    assert run(["lint", "absent.yaml", "b.yaml", "c.yaml", "--report", "json=report.json"]) == 2
    assert len(errors_of()) == 2


@pytest.mark.parametrize("text", [NO_DATA, REFUSED])
def test_2_data_or_a_network_that_cannot_be_used(text: str) -> None:
    assert run(["check", write(text), "--no-save", "-q", "--report", "json=report.json"]) == 2
    assert errors_of()[0]["rule"] == "GC001"


def test_2_a_rule_that_crashes_and_the_others_speak(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(VanishingGradient, "needs", frozenset())
    monkeypatch.setattr(VanishingGradient, "skip_reason", lambda *_: "")
    monkeypatch.setattr(VanishingGradient, "check", crash)
    assert run(["lint", write(TWO_OUTPUTS), "--output-format", "concise"]) == 2
    out = capsys.readouterr().out
    assert "GC502 wrong-output-width" in out
    assert "GC101 vanishing-gradient crashed: ZeroDivisionError: ours" in out


def test_2_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("gradcheck_cli.diagnosis.check.lint_many", crash)
    assert run(["lint", "a.yaml"]) == 2
    assert "internal error: ZeroDivisionError: ours" in capsys.readouterr().err


def test_2_a_run_that_takes_too_long_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def train(config: Any, **_: Any) -> History:
        while config.name == "endless":
            pass
        return make_history()

    monkeypatch.setattr("gradcheck_cli.training.run.train", train)
    names = [write(HEALTHY, "endless.yaml"), write(HEALTHY, "healthy.yaml")]
    arguments = ["--no-save", "-q", "--timeout", "0.05", "--report", "json=report.json"]
    assert run(["check", *names, *arguments]) == 2
    runs = json.loads(Path("report.json").read_text(encoding="utf-8"))["runs"]
    assert [entry["status"] for entry in runs] == ["failed", "completed"]
    (error,) = runs[0]["errors"]
    assert "not done after 0.05 seconds" in error["message"]
    assert error["rule"] is None
    assert runs[1]["errors"] == []
    assert run(["check", "endless.yaml", *arguments]) == 2


def test_2_runs_that_take_too_long_side_by_side() -> None:
    names = [write(ENDLESS, "endless.yaml"), write("model: 3\n", "wrong.yaml"), write(ENDLESS, "other.yaml")]
    arguments = ["--jobs", "2", "--no-save", "-q", "--timeout", "0.3", "--report", "json=report.json"]
    assert run(["check", *names, *arguments]) == 2
    runs = json.loads(Path("report.json").read_text(encoding="utf-8"))["runs"]
    assert [entry["config"] for entry in runs] == names
    assert [entry["errors"][0]["rule"] for entry in runs] == [None, "GC001", None]


def test_2_output_that_cannot_be_written() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w", encoding="utf-8") as full:
        for arguments in (["lint", write(HEALTHY)], ["--help"], ["--version"]):
            process = start(*arguments, stdout=full)
            _, err = process.communicate()
            assert (process.returncode, err) == (
                2,
                "gradcheck: standard output cannot be written: no space left on device\n",
            )


def test_a_worse_end_wins() -> None:
    assert run(["lint", write(HEALTHY), write(TWO_OUTPUTS, "b.yaml")]) == 1
    assert run(["lint", "a.yaml", "b.yaml", write("model: 3\n", "c.yaml")]) == 2


@pytest.mark.parametrize(
    ("arguments", "code"), [(["lint", "a.yaml"], 1), (["rule", "--all"], 0), (["--help"], 0), (["--version"], 0)]
)
def test_a_reader_that_has_gone_changes_nothing(arguments: list[str], code: int) -> None:
    write(TWO_OUTPUTS)
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*arguments, stdout=writing)
    os.close(writing)
    _, err = process.communicate()
    assert (process.returncode, err) == (code, "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_was_never_open_changes_nothing(closed: str) -> None:
    write(TWO_OUTPUTS)
    command = f'"{sys.executable}" -m gradcheck_cli lint a.yaml --report json=report.json {closed}'
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, shell=True, check=False, env=environ, capture_output=True).returncode == 1
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["exit_code"] == 1


def test_130_interrupted_while_training_and_still_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    class Impatient(PlainProgress):
        def advanced(self, point: ProgressPoint) -> None:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("gradcheck_cli.cli.progress.make_progress", lambda stream, **_: Impatient(stream))
    # A job in the background starts with SIGINT ignored, and would then train to the end of its long plan.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    assert run(["check", write(ENDLESS), write(HEALTHY, "b.yaml"), "--report", "json=report.json"]) == 130
    assert "interrupted" in capsys.readouterr().out
    (entry,) = json.loads(Path("report.json").read_text(encoding="utf-8"))["runs"]
    assert (entry["config"], entry["status"]) == ("a.yaml", "interrupted")
    assert entry["steps"] > 0


@pytest.mark.parametrize("place", ["diagnosis.check.lint_many", "cli.request.plan_reports"])
def test_130_interrupted_elsewhere(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"gradcheck_cli.{place}", interrupt)
    assert run(["lint", write(HEALTHY)]) == 130
    assert capsys.readouterr().err == "gradcheck: interrupted\n"


def test_every_code_of_the_readme_is_tested_and_no_other() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("| exit code |", 1)[1].split("\n\n", 1)[0]
    described = set(re.findall(r"^\| (\d+) \|", table, flags=re.MULTILINE))
    tested: list[Callable[..., None]] = [entry for name, entry in globals().items() if re.match(r"test_\d", name)]
    assert {entry.__name__.split("_")[1] for entry in tested} == described == {"0", "1", "2", "130"}
