"""Tests of `--report`: what is asked for, whether it can be written, and writing it."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcheck_cli.cli.app import run
from gradcheck_cli.cli.choices import OutputFormat
from gradcheck_cli.cli.report_files import ReportFile, plan_reports, write_reports
from gradcheck_cli.diagnosis import check as checking
from gradcheck_cli.errors import OutputError, UsageError
from gradcheck_cli.reporters.registry import FORMATS
from tests.histories import make_finding, make_report

REPORT = make_report(make_finding())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refuse(*arguments: str) -> list[str]:
    with pytest.raises(UsageError) as caught:
        plan_reports(arguments)
    return [str(problem) for problem in caught.value.problems]


def test_every_format_is_written(folder: Path) -> None:
    write_reports(REPORT, plan_reports([f"{name}=out.{name}" for name in FORMATS]), verbose=False)
    assert sorted(os.listdir(folder)) == sorted(f"out.{name}" for name in FORMATS)
    assert json.loads(Path("out.json").read_text(encoding="utf-8"))["exit_code"] == 1
    assert all(Path(f"out.{name}").read_text(encoding="utf-8").strip() for name in FORMATS)


def test_formats_of_the_command_line_are_those_that_can_be_rendered() -> None:
    assert tuple(entry.value for entry in OutputFormat) == FORMATS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"])), st.sampled_from(["", "json=", "="]))
def test_any_argument_is_read_or_refused(text: str, start: str) -> None:
    files: tuple[ReportFile, ...] = ()
    with contextlib.suppress(UsageError):
        files = plan_reports([start + text])
    assert [f"{file.format}={file.name}" for file in files] in ([], [start + text])


def test_a_report_that_cannot_be_finished_leaves_the_old_one(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    Path("a.json").write_text("old", encoding="utf-8")
    files = plan_reports(["json=a.json"])
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OutputError, match=r"'a\.json' cannot be written: no space left on device"):
        write_reports(REPORT, files, verbose=False)
    assert os.listdir(folder) == ["a.json"]
    assert Path("a.json").read_text(encoding="utf-8") == "old"


def test_the_same_format_may_go_to_two_places() -> None:
    assert len(plan_reports(["json=a", "json=b"])) == 2
    assert plan_reports(None) == ()


def test_trying_a_place_leaves_nothing_there(folder: Path) -> None:
    Path("kept.json").write_text("old", encoding="utf-8")
    plan_reports(["json=kept.json", "sarif=new.sarif"])
    assert os.listdir(folder) == ["kept.json"]
    assert Path("kept.json").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("sarif", "a format and a place are needed; allowed: FORMAT=PATH"),
        ("sarif=", "a format and a place are needed"),
        ("=a", "there is no format ''"),
        ("srif=a", "did you mean 'sarif'?"),
        ("SARIF=a", "did you mean 'sarif'?"),
        ("pdf=a", "allowed: full, concise, json"),
        ("json=-", "for standard output use --output-format json"),
        ("json=nowhere/a.json", "nowhere'; create it first"),
        ("json=file/a.json", "there is no folder"),
        ("json=.", "is a folder"),
        ("json=file.yaml", "would overwrite a config"),
        ("json=a\0b", "null"),
        (f"json={'a' * 300}", "file name too long"),
        (f"json={'a' * 250}", "file name too long"),
    ],
)
def test_what_cannot_be_is_refused(argument: str, said: str) -> None:
    Path("file").write_text("", encoding="utf-8")
    Path("file.yaml").write_text("", encoding="utf-8")
    (problem,) = refuse(argument)
    assert said in problem
    assert problem.startswith(f"--report {argument}")


def test_a_place_without_permission_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(**_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", deny)
    (problem,) = refuse("json=a.json")
    assert "cannot be written: permission denied" in problem


@pytest.mark.parametrize("command", ["lint", "check"])
def test_no_report_overwrites_what_is_read(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("config").write_text("model: 3\n", encoding="utf-8")
    assert run([command, "config", "--report", "json=./config"]) == 2
    assert "would overwrite a config" in capsys.readouterr().err
    assert Path("config").read_text(encoding="utf-8") == "model: 3\n"


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert len(refuse("pdf=a", "json=b", "sarif=./b", "junit=nowhere/c")) == 3
    assert "another report goes to the same place" in refuse("json=b", "sarif=./b")[0]


def test_a_wrong_place_is_said_before_anything_is_trained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checking, "check_many", lambda *_, **__: pytest.fail("trained"))
    assert run(["check", "a.yaml", "--report", "json=nowhere/a.json", "--report", "pdf=b"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_link_is_followed(folder: Path) -> None:
    (folder / "real").mkdir()
    Path("link.json").symlink_to(folder / "real" / "report.json")
    write_reports(REPORT, plan_reports(["json=link.json"]), verbose=False)
    assert Path("link.json").is_symlink()
    assert json.loads((folder / "real" / "report.json").read_text(encoding="utf-8"))


def test_a_device_is_written_into() -> None:
    write_reports(REPORT, plan_reports([f"json={os.devnull}", f"sarif={os.devnull}"]), verbose=False)


def test_one_that_fails_in_the_end_does_not_cost_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "gone").mkdir()

    def lint_many(*_: Any) -> Any:
        (folder / "gone").rmdir()
        return REPORT

    monkeypatch.setattr(checking, "lint_many", lint_many)
    assert run(["lint", "a.yaml", "--report", "json=gone/a.json", "--report", "json=b.json"]) == 2
    captured = capsys.readouterr()
    assert "the report 'gone/a.json' cannot be written: no such file or directory" in captured.err
    assert "vanishing-gradient" in captured.out
    assert json.loads(Path("b.json").read_text(encoding="utf-8"))


def test_text_that_is_no_unicode_is_written_all_the_same() -> None:
    write_reports(make_report(make_finding(), config="a\udcff.yaml"), plan_reports(["json=a.json"]), verbose=False)
    assert "a\\udcff.yaml" in Path("a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [["check", "a.yaml"], ["lint", "a.yaml"], ["report"]])
def test_every_command_that_reports_has_the_option(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("check_many", "lint_many", "report_saved"):
        monkeypatch.setattr(checking, name, lambda *_, **__: REPORT)
    assert run([*command, "--report", "junit=a.xml", "--report", "markdown=a.md", "--output-format", "gitlab"]) == 1
    assert Path("a.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert Path("a.md").read_text(encoding="utf-8").startswith("## gradcheck")
    assert json.loads(capsys.readouterr().out)[0]["check_name"] == "GC101 vanishing-gradient"
