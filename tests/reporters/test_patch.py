"""Tests of the fixes of a report as a patch: `git apply` takes it, and it gives the fixed text to the byte."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.diagnosis.fix_report import Attempt, FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.reporters.patch import list_remarks, render
from gradcheck_cli.reporters.search_text import describe_search
from gradcheck_cli.rules.base import Safety
from tests.histories import make_report

TEXT = (
    "data: iris\nmodel:\n  layers:\n    - Sigmoid  # the old choice\nloss: MSELoss\noptimizer: {type: SGD, lr: 0.1}\n"
)
FIXED = TEXT.replace("Sigmoid", "ReLU")


def make_run(before: str, after: str | None, config: str = "configs/a.yaml") -> RunReport:
    """A run with a chosen fix; without one where `after` is None."""
    chosen = None if after is None else Attempt(("Use ReLU",), Safety.UNSAFE, "GC101", 1.0, 0.9, text=after)
    outcome = FixOutcome.NOTHING_WORKED if chosen is None else FixOutcome.FIXED
    fix = FixReport(outcome, cost=3.0, chosen=chosen)
    run = make_report(document=parse_document(before, source=config), fix=fix).runs[0]
    return replace(run, config=config)


def make_fixes(*runs: RunReport, notes: tuple[str, ...] = ()) -> Report:
    return Report("fix", runs, 0, notes)


def test_a_patch_names_the_file_and_changes_one_line() -> None:
    patch = render(make_fixes(make_run(TEXT, FIXED)))
    assert patch.splitlines()[:2] == ["--- a/configs/a.yaml", "+++ b/configs/a.yaml"]
    changed = [line for line in patch.splitlines()[2:] if line[:1] in "+-"]
    assert changed == ["-    - Sigmoid  # the old choice", "+    - ReLU  # the old choice"]


def test_a_patch_names_the_file_as_seen_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)
    for config in (str(tmp_path / "configs/a.yaml"), "./configs/a.yaml", "configs/../configs/a.yaml"):
        patch = render(make_fixes(make_run(TEXT, FIXED, config)))
        assert patch.splitlines()[:2] == ["--- a/configs/a.yaml", "+++ b/configs/a.yaml"]
    monkeypatch.chdir("configs")
    assert render(make_fixes(make_run(TEXT, FIXED, "a.yaml"))).startswith("--- a/a.yaml\n")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.removesuffix("\n"),
        "\ufeff" + TEXT,
        TEXT.replace("old choice", "old chöice ✗"),
        "model: {layers: [Sigmoid]}",
    ],
    ids=["plain", "CRLF", "no last newline", "byte-order mark", "not ASCII", "one line"],
)
def test_git_applies_it_to_the_byte(text: str, tmp_path: Path) -> None:
    fixed = text.replace("Sigmoid", "ReLU")
    names = ("a.yaml", "other/b.yaml")
    (tmp_path / "other").mkdir()
    for name in names:
        (tmp_path / name).write_bytes(text.encode())
    patch = render(make_fixes(*(make_run(text, fixed, name) for name in names)))
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True, capture_output=True)
    assert [(tmp_path / name).read_bytes() for name in names] == [fixed.encode()] * 2


def test_what_is_not_to_be_changed_is_in_no_patch() -> None:
    unread = RunReport("bad.yaml", "bad", 0, RunStatus.FAILED, errors=(Problem("loss", "unknown"),))
    assert render(make_fixes(unread, make_run(TEXT, None))) == ""
    checked = make_report().runs[0]
    assert render(make_fixes(checked)) == ""
    both = make_fixes(make_run(TEXT, None, "none.yaml"), make_run(TEXT, FIXED))
    assert render(both) == render(make_fixes(make_run(TEXT, FIXED)))


def test_a_withheld_fix_is_in_no_patch() -> None:
    run = make_run(TEXT, FIXED)
    assert run.fix is not None
    withheld = replace(run, fix=replace(run.fix, chosen=None, withheld=run.fix.chosen))
    assert render(make_fixes(withheld)) == ""


def test_remarks_say_how_each_ended_and_what_was_wrong() -> None:
    problem = Problem("loss", "unknown loss 'Foo'")
    unread = RunReport("bad.yaml", "bad", 0, RunStatus.FAILED, errors=(problem,))
    fixed = make_run(TEXT, FIXED)
    assert fixed.fix is not None
    assert list(list_remarks(make_fixes(unread, fixed, make_run(TEXT, None, "b.yaml"), notes=("A note.",)))) == [
        "A note.",
        f"bad.yaml: {problem}",
        f"configs/a.yaml: {describe_search(fixed, fixed.fix)}",
        "b.yaml: nothing worked",
    ]
