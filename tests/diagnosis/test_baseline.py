from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gradcheck_cli.diagnosis.baseline import read_baseline
from gradcheck_cli.diagnosis.check import CheckOptions, check_many, lint_many
from gradcheck_cli.diagnosis.fingerprint import name_file
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.errors import UsageError
from tests.diagnosis.test_suppression import CONFIG, FOUND

FILE = Path("known.json")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def lint(*paths: str, **options: Path) -> Report:
    return lint_many(paths or ["net.yaml"], CheckOptions(fail_on="warning", **options))  # type: ignore[arg-type]


def codes(report: Report) -> set[str]:
    return {finding.rule for run in report.runs for finding in run.findings}


def test_known_findings_are_left_out_and_new_ones_told() -> None:
    written = lint(write_baseline=FILE)
    assert (codes(written), written.exit_code) == (set(), 0)
    assert written.notes == ("Silenced findings: 3 by the baseline.", "Wrote 3 findings to known.json.")
    again = lint(baseline=FILE)
    assert (codes(again), again.exit_code) == (set(), 0)
    Path("net.yaml").write_text(CONFIG.replace("    - ReLU\n", "    # moved\n\n    - Sigmoid\n"), encoding="utf-8")
    moved = lint(baseline=FILE)
    assert codes(moved) == codes(lint()) - FOUND
    Path("other.yaml").write_text(CONFIG, encoding="utf-8")
    assert codes(lint("other.yaml", baseline=FILE)) == FOUND


def test_findings_that_are_gone_are_told() -> None:
    lint(write_baseline=FILE)
    Path("net.yaml").write_text(CONFIG.replace("50.0", "0.1"), encoding="utf-8")
    notes = lint(baseline=FILE).notes
    assert notes[-1] == "1 finding of known.json is gone: write it anew with --write-baseline."
    assert len(read_baseline(FILE)) == 3
    lint(write_baseline=FILE)
    assert {entry.rule for entry in read_baseline(FILE)} == FOUND - {"GC506"}


def test_writing_anew_keeps_what_was_not_judged() -> None:
    check_many(["net.yaml"], CheckOptions(save=False, write_baseline=FILE))
    trained = {entry.rule for entry in read_baseline(FILE)}
    assert trained > FOUND
    Path("other.yaml").write_text(CONFIG, encoding="utf-8")
    lint("other.yaml", write_baseline=FILE)
    assert {entry.rule for entry in read_baseline(FILE) if entry.config == "net.yaml"} == trained
    assert {entry.rule for entry in read_baseline(FILE) if entry.config == "other.yaml"} == FOUND


def test_a_finding_more_of_the_same_kind_is_new() -> None:
    comment = "  # gradcheck: ignore[GC502]"
    once = CONFIG.replace("CrossEntropyLoss", f"CrossEntropyLoss{comment}")
    Path("net.yaml").write_text(once, encoding="utf-8")
    lint(write_baseline=FILE)
    Path("net.yaml").write_text(once.replace("    - ReLU", f"    - ReLU{comment}"), encoding="utf-8")
    report = lint(baseline=FILE)
    assert [finding.rule for finding in report.runs[0].findings] == ["GC002"]


def test_a_baseline_is_stable_and_one_line_a_finding() -> None:
    lint(write_baseline=FILE)
    first = FILE.read_text(encoding="utf-8")
    lint(write_baseline=FILE)
    assert FILE.read_text(encoding="utf-8") == first
    assert len(re.findall(r"^  \{.*\},?$", first, flags=re.MULTILINE)) == 3


def test_nothing_found_gives_an_empty_baseline_in_a_new_folder() -> None:
    place = Path("ci") / "known.json"
    lint_many(["net.yaml"], CheckOptions(select=("GC509",), write_baseline=place))
    assert json.loads(place.read_text(encoding="utf-8")) == {"version": 1, "findings": []}


def test_the_current_directory_does_not_matter_in_a_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".git").mkdir()
    (folder / "deep").mkdir()
    lint(write_baseline=FILE)
    monkeypatch.chdir(folder / "deep")
    assert name_file("../net.yaml") == "net.yaml"
    assert codes(lint("../net.yaml", baseline=folder / FILE)) == set()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        ("{", "is no JSON"),
        ("known", "is no JSON"),
        ("[]", "is no baseline"),
        ('{"version": 1}', "is no baseline"),
        ('{"version": 2, "findings": []}', "version 2"),
        ('{"version": 1, "findings": [{"rule": "GC1"}]}', "broken entry, number 1"),
        (
            '{"version": 1, "findings": [{"config": "a", "rule": "b", "name": "c", "fingerprint": "d", "count": 0}]}',
            "broken entry",
        ),
    ],
)
def test_a_baseline_that_cannot_be_used_is_refused_before_anything_is_read(content: str | None, message: str) -> None:
    if content is not None:
        FILE.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        lint(baseline=FILE)


def test_a_place_that_cannot_be_written_is_refused() -> None:
    Path("taken").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        lint(write_baseline=Path("taken") / "known.json")
