"""Data that cannot be trained on come back as a finding, not only as a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.diagnosis.check import CheckOptions, check_many
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Finding, Severity

CONFIG = """
data: {{type: csv, path: rows.csv, target: y, task: classification, val_fraction: 0.25{more}}}
model: {{layers: [{{type: Linear, out_features: 2}}]}}
loss: CrossEntropyLoss
optimizer: {{type: SGD, lr: 0.1}}
trainer: {{epochs: 2, batch_size: 4}}
"""
ROWS = "".join(f"{i},{i % 5},{'xy'[i % 2]}\n" for i in range(24))


def check(folder: Path, rows: str, *, more: str = "", options: CheckOptions | None = None) -> Report:
    (folder / "rows.csv").write_text(f"a,b,y\n{rows}", encoding="utf-8")
    path = folder / "run.yaml"
    path.write_text(CONFIG.format(more=more), encoding="utf-8")
    return check_many([str(path)], options or CheckOptions(save=False))


def data_findings(report: Report) -> list[Finding]:
    return [finding for finding in report.runs[0].findings if finding.rule == "GC603"]


def test_missing_cells_are_a_finding_and_exit_1(tmp_path: Path) -> None:
    report = check(tmp_path, ROWS + "7,,x\n")
    run, [finding] = report.runs[0], data_findings(report)
    assert (run.status, report.exit_code) == (RunStatus.FAILED, 1)
    assert (finding.severity, finding.path) == (Severity.ERROR, "data.missing")
    assert "line 26 column 'b'" in finding.message
    assert [problem.path for problem in run.errors] == ["data.missing"]


def test_without_its_rule_missing_cells_are_a_refusal(tmp_path: Path) -> None:
    report = check(tmp_path, ROWS + "7,,x\n", options=CheckOptions(save=False, ignore=("GC603",)))
    assert report.exit_code == 2


@pytest.mark.parametrize("policy", ["mean", "drop"])
def test_with_a_policy_there_is_nothing_to_say(tmp_path: Path, policy: str) -> None:
    report = check(tmp_path, ROWS + "7,,x\n", more=f", missing: {policy}")
    assert report.runs[0].status is RunStatus.COMPLETED
    assert data_findings(report) == []


def test_a_single_class_is_a_finding_and_exit_1(tmp_path: Path) -> None:
    report = check(tmp_path, ROWS.replace("y", "x"))
    [finding] = data_findings(report)
    assert (report.exit_code, finding.severity) == (1, Severity.ERROR)
    assert finding.message == "The target never changes in the training rows."


def test_an_infinite_cell_is_the_cause_of_a_run_that_diverged(tmp_path: Path) -> None:
    report = check(tmp_path, ROWS + "inf,1,x\n" * 8)
    assert (report.runs[0].status, report.exit_code) == (RunStatus.DIVERGED, 1)
    assert report.runs[0].findings[0].rule == "GC603"


def test_other_faults_of_a_file_stay_refusals(tmp_path: Path) -> None:
    report = check(tmp_path, ROWS + "seven,1,x\n")
    assert (report.runs[0].status, report.exit_code) == (RunStatus.FAILED, 2)
    assert data_findings(report) == []
