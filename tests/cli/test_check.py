"""Tests of `check`, `lint` and `report` around a stand-in for training."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.cli.app import run
from gradcheck_cli.diagnosis import check as checking
from gradcheck_cli.diagnosis.check import CheckOptions
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.diagnosis.rule_settings import no_settings
from gradcheck_cli.errors import Problem, ProcessError
from gradcheck_cli.recording.history import RunStatus
from tests.histories import make_finding, make_history, make_report

Seen = list[tuple[Any, CheckOptions, dict[str, Any]]]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Seen]:
    """Replace the functions that train by ones that hand back a report, or raise."""

    def install(result: Report | BaseException) -> Seen:
        seen: Seen = []

        def act(what: Sequence[str] | str | None, options: CheckOptions, **others: Any) -> Report:
            seen.append((what, options, others))
            if isinstance(result, BaseException):
                raise result
            return result

        for name in ("check_many", "lint_many", "report_saved"):
            monkeypatch.setattr(checking, name, act)
        return seen

    return install


def test_options_reach_the_check(stand_in: Callable[..., Seen]) -> None:
    seen = stand_in(make_report())
    arguments = ["a.yaml", "b.yaml", "--select", "GC101,GC3", "--select", "overfitting", "--ignore", "GC305"]
    arguments += [
        "--fail-on",
        "warning",
        "--set",
        "optimizer.lr=0.01",
        "--seed",
        "3",
        "--epochs",
        "5",
        "--max-steps",
        "7",
    ]
    arguments += ["--device", "cpu", "--jobs", "2", "--full", "--run-dir", "runs", "--no-save", "-q"]
    arguments += ["--timeout", "2.5"]
    arguments += ["--extend-select", "GC4", "--baseline", "known.json", "--write-baseline", "--skip-others"]
    assert run(["check", *arguments]) == 0
    ((configs, options, others),) = seen
    assert list(configs) == ["a.yaml", "b.yaml"]
    assert replace(options, settings_of=no_settings) == CheckOptions(
        select=("GC101", "GC3", "overfitting"),
        extend_select=("GC4",),
        ignore=("GC305",),
        overrides=("optimizer.lr=0.01", "seed=3", "trainer.epochs=5", "trainer.max_steps=7", "trainer.device=cpu"),
        fail_on="warning",
        full=True,
        timeout=2.5,
        save=False,
        run_dir=Path("runs"),
        baseline=Path("known.json"),
        write_baseline=Path("known.json"),
        skip_others=True,
    )
    assert others["jobs"] == 2
    assert others["progress"] is None


def test_silence_on_an_option_leaves_the_config_its_own(stand_in: Callable[..., Seen]) -> None:
    seen = stand_in(make_report())
    assert run(["check", "a.yaml"]) == 0
    assert replace(seen[0][1], settings_of=no_settings) == CheckOptions()
    assert seen[0][2]["jobs"] == 1


def test_settings_stand_in_for_options(
    stand_in: Callable[..., Seen], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gradcheck.toml").write_text('jobs = 3\nfail-on = "info"\nrun-dir = "kept"\n', encoding="utf-8")
    seen = stand_in(make_report())
    assert run(["check", "a.yaml", "-q"]) == 0
    assert (seen[0][2]["jobs"], seen[0][1].fail_on, seen[0][1].run_dir) == (3, "info", Path("kept"))
    assert run(["check", "a.yaml", "-q", "--jobs", "1", "--fail-on", "never", "--run-dir", "x"]) == 0
    assert (seen[1][2]["jobs"], seen[1][1].fail_on, seen[1][1].run_dir) == (1, "never", Path("x"))


def test_run_is_check(stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(make_report())
    assert run(["run", "a.yaml"]) == 0
    assert "nothing to report" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["check", "a.yaml"], ["lint", "a.yaml"], ["report"], ["report", "a-run"]])
def test_findings_exit_with_one_and_go_to_standard_output(
    command: list[str], stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(make_report(make_finding()))
    assert run([*command, "--output-format", "concise"]) == 1
    assert "GC101 vanishing-gradient" in capsys.readouterr().out


def test_json_on_standard_output_is_json_alone(
    stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(make_report(make_finding()))
    assert run(["check", "a.yaml", "--output-format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["exit_code"] == 1


def test_an_interrupted_run_is_still_reported(
    stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    history = make_history(status=RunStatus.INTERRUPTED, steps_done=120)
    report = make_report(make_finding(), history=history)
    stand_in(Report(report.command, report.runs, exit_code=130))
    assert run(["check", "a.yaml"]) == 130
    assert "vanishing-gradient" in capsys.readouterr().out


def test_a_second_interrupt_ends_at_once(stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(KeyboardInterrupt())
    assert run(["check", "a.yaml"]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


def test_verbose_shows_more(stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(make_report())
    run(["check", "a.yaml"])
    short = capsys.readouterr().out
    run(["check", "a.yaml", "--verbose"])
    assert "relu_1" in capsys.readouterr().out
    assert "relu_1" not in short


@pytest.fixture
def second_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As torchrun starts it."""
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "x", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("gradcheck_cli.cli.check._PATIENCE_SECONDS", 0.0)


@pytest.mark.usefixtures("second_process")
def test_other_processes_leave_the_word_to_the_first(
    stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    seen = stand_in(replace(make_report(), exit_code=1))
    assert run(["check", "a.yaml"]) == 0
    assert seen[0][2]["progress"] is None
    stand_in(ProcessError(()))
    assert run(["check", "a.yaml"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("second_process")
def test_other_processes_speak_where_they_alone_fail(
    stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(ProcessError("process 1 of 2 failed: out of luck"))
    assert run(["check", "a.yaml"]) == 2
    assert "gradcheck: process 1 of 2 failed: out of luck" in capsys.readouterr().err
    report = make_report()
    failed = replace(report.runs[0], errors=(Problem("data.path", "there is no such file"),))
    stand_in(replace(report, runs=(failed,), exit_code=2))
    assert run(["check", "a.yaml"]) == 2
    assert "gradcheck: data.path: there is no such file" in capsys.readouterr().err
