"""A project that adopts gradcheck: settings, a baseline, suppressions, good and bad configs; what each command says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gradcheck_cli.cli.app import run

PROJECT = Path(__file__).parent / "projects" / "adopting"
NEW = [
    "configs/new.yaml:5:7: GC502 wrong-output-width",
    "configs/new.yaml:5:7: GC504 missing-nonlinearity",
    "configs/on_purpose.yaml:7:7: GC002 unused-suppression",
]
SILENCED = "Silenced findings: 2 by comments, 1 by the baseline."


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "adopting"
    shutil.copytree(PROJECT, folder)
    monkeypatch.chdir(folder)
    return folder


def lint(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], list[str]]:
    """Exit code, place and rule of each line, and the notes."""
    code = run(["lint", *arguments])
    captured = capsys.readouterr()
    lines = [": ".join(line.split(": ")[:2]) for line in captured.out.splitlines()]
    return code, lines, captured.err.splitlines()


def test_only_what_is_new_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(capsys, "configs") == (1, [*NEW, "2 errors, 1 warning in 5 configs"], [SILENCED])


def test_a_config_that_cannot_be_read_goes_over_findings(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, notes = lint(capsys, ".")
    assert code == 2
    assert lines[:2] == [f"broken.yaml:{place}: GC001 invalid-config" for place in ("6:7", "10:19")]
    assert lines[2:] == [*NEW, "2 errors, 1 warning in 6 configs; 1 config could not be checked"]
    assert notes == [SILENCED, "Skipped 1 YAML file that is no gradcheck config."]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["configs/good.yaml", "configs/known.yaml", "configs/old"], 0),
        (["configs/on_purpose.yaml"], 1),
        (["configs/on_purpose.yaml", "--fail-on", "error"], 0),
        (["configs/new.yaml", "--fail-on", "never"], 0),
        (["configs/new.yaml", "--select", "GC6"], 0),
        (["configs/known.yaml", "--baseline", "absent.json"], 2),
        (["compose.yaml"], 2),
        (["compose.yaml", "--skip-others"], 0),
        (["configs/none*.yaml"], 2),
        (["configs", "--select", "GC9"], 2),
    ],
)
def test_exit_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(capsys, *arguments)[0] == code


def test_it_does_not_matter_where_the_command_is_given(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".git").mkdir()
    monkeypatch.chdir(project / "configs" / "old")
    code, lines, notes = lint(capsys, "../../configs")
    assert (code, notes) == (1, [SILENCED])
    assert [line.removeprefix("../../") for line in lines[:-1]] == NEW


def test_a_new_baseline_makes_all_quiet_and_the_json_report_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, notes = lint(capsys, "configs", "--write-baseline")
    assert (code, lines) == (0, ["nothing to report in 5 configs"])
    assert notes[-1] == "Wrote 4 findings to .gradcheck-baseline.json."
    assert run(["lint", "configs", "--output-format", "json"]) == 0
    runs = {entry["config"]: entry for entry in json.loads(capsys.readouterr().out)["runs"]}
    assert all(entry["findings"] == [] for entry in runs.values())
    reasons = {rule["rule"]: rule["reason"] for rule in runs["configs/on_purpose.yaml"]["rules"]}
    assert reasons["GC504"] == reasons["GC501"] == "suppressed by a comment"
    assert {rule["rule"]: rule["reason"] for rule in runs["configs/new.yaml"]["rules"]}["GC502"] == "in the baseline"


def test_check_trains_by_the_same_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "configs/good.yaml", "configs/known.yaml", "--no-save", "--quiet", "--select", "GC5"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "nothing to report in 2 configs\n"
    assert captured.err == "Silenced findings: 1 by the baseline.\n"
