"""Tests of the job summary of GitHub Actions."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.cli.app import run
from gradcheck_cli.cli.job_summary import VARIABLE, write_job_summary
from gradcheck_cli.diagnosis import check as checking
from tests.histories import make_finding, make_report

REPORT = make_report(make_finding())


def test_the_report_is_added_to_what_is_there(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    write_job_summary(REPORT, environ={VARIABLE: str(summary)})
    assert summary.read_text(encoding="utf-8").startswith("before\n## gradcheck: 1 error in 1 config\n")


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}])
def test_outside_of_github_nothing_is_written(environ: dict[str, str], tmp_path: Path) -> None:
    write_job_summary(REPORT, environ=environ)
    assert list(tmp_path.iterdir()) == []


def test_one_that_cannot_be_written_costs_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_job_summary(REPORT, environ={VARIABLE: str(tmp_path)})
    assert "cannot be written: is a directory" in capsys.readouterr().err


@pytest.mark.parametrize(("output_format", "written"), [("github", True), ("full", False)])
def test_only_the_format_of_github_has_one(
    output_format: str, written: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "summary.md"))
    monkeypatch.setattr(checking, "lint_many", lambda *_: REPORT)
    assert run(["lint", "a.yaml", "--output-format", output_format]) == 1
    assert (tmp_path / "summary.md").exists() is written
