"""Tests of what a search is spared: findings that comments or a baseline silence; and of its time limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.diagnosis.baseline import write_baseline
from gradcheck_cli.diagnosis.check import CheckOptions
from gradcheck_cli.diagnosis.fix_report import FixOutcome
from gradcheck_cli.diagnosis.report import RuleResult, RuleStatus, RunReport
from gradcheck_cli.fixing.fix import FixOptions, fix_many
from gradcheck_cli.fixing.trials import Trial, Trials, summarize
from gradcheck_cli.recording.history import RunStatus
from tests.histories import make_finding, make_report

COMMENT = "# gradcheck: file-ignore[GC101] on purpose\n"
TEXT = "optimizer: {type: SGD, lr: 0.1}\n"
FINDING = make_finding(path="", fingerprint="known")


def report_on(text: str, *, found: bool = True) -> RunReport:
    """A run that has an error, or whose rules found nothing."""
    passed = RuleResult("GC101", "vanishing-gradient", RuleStatus.PASSED)
    own = RuleResult("GC002", "unused-suppression", RuleStatus.PASSED)
    [run] = make_report(*([FINDING] if found else [])).runs
    fields: dict[str, Any] = {**vars(run), "config": "a.yaml", "document": parse_document(text, source="a.yaml")}
    return RunReport(**{**fields, "rules": (own, *(run.rules or (passed,)))})


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose contents every run takes from what a test says."""
    monkeypatch.chdir(tmp_path)
    path = Path("a.yaml")
    path.write_text(TEXT, encoding="utf-8")
    return path


def stand_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("gradcheck_cli.fixing.fix.check_config", lambda *_, **__: report_on(text))
    monkeypatch.setattr("gradcheck_cli.fixing.trials.check_text", lambda trained, *_, **__: report_on(trained))


def options(**fields: Any) -> FixOptions:
    return FixOptions(CheckOptions(save=False, **fields))


def test_a_finding_that_a_comment_silences_is_no_target(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, COMMENT + TEXT)
    report = fix_many([str(config)], options())
    [run] = report.runs
    assert run.fix is not None
    assert (run.fix.outcome, run.findings, report.exit_code) == (FixOutcome.NOTHING_TO_FIX, (), 0)
    assert report.notes == ("Silenced findings: 1 by comments.",)


def test_a_finding_of_the_baseline_is_no_target(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, TEXT)
    write_baseline(Path("known.json"), [report_on(TEXT)])
    report = fix_many([str(config)], options(baseline=Path("known.json")))
    [run] = report.runs
    assert run.fix is not None
    assert (run.fix.outcome, report.exit_code) == (FixOutcome.NOTHING_TO_FIX, 0)
    assert report.notes == ("Silenced findings: 1 by the baseline.",)


def test_every_trial_is_silenced_by_the_comments_of_its_own_text_and_by_the_baseline(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, TEXT)
    loud, quiet = Trial(TEXT, 0), Trial(COMMENT + TEXT, 0)
    results = Trials(str(config), CheckOptions()).run([loud, quiet], labels=["loud", "quiet"], stage="race")
    assert [result.findings for result in results] == [(FINDING,), ()]
    write_baseline(Path("known.json"), [report_on(TEXT)])
    [known] = Trials(str(config), CheckOptions(baseline=Path("known.json"))).run([loud], labels=["loud"], stage="race")
    assert known.findings == ()


def test_a_comment_without_use_is_kept_apart_from_what_training_shows(config: Path) -> None:
    trials = Trials(str(config), CheckOptions())
    result = summarize(trials.settle(report_on(COMMENT + TEXT, found=False)))
    assert (result.findings, [finding.rule for finding in result.remarks]) == ((), ["GC002"])


def test_a_search_out_of_time_fails_with_what_is_known(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, TEXT)

    def search_on(*_: object, **__: object) -> None:
        while True:
            pass

    monkeypatch.setattr("gradcheck_cli.fixing.fix.follow", search_on)
    report = fix_many([str(config)], options(timeout=0.05))
    [run] = report.runs
    assert run.fix is not None
    assert (run.status, report.exit_code, run.findings) == (RunStatus.FAILED, 2, (FINDING,))
    assert "0.05 seconds" in run.errors[0].message
    assert run.fix.notes == ("Out of time: this is what was known by then.",)


def test_a_fault_of_ours_in_one_config_leaves_the_others(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, COMMENT + TEXT)
    Path("b.yaml").write_text(TEXT, encoding="utf-8")

    def fail_once(path: str, *_: object, **__: object) -> RunReport:
        if path == "b.yaml":
            raise RuntimeError("broken")
        return report_on(COMMENT + TEXT)

    monkeypatch.setattr("gradcheck_cli.fixing.fix.check_config", fail_once)
    report = fix_many(["b.yaml", str(config)], options())
    crashed, other = report.runs
    assert crashed.status is RunStatus.FAILED
    assert other.fix is not None
    assert report.exit_code == 2
    with pytest.raises(RuntimeError):
        fix_many(["b.yaml"], options())
