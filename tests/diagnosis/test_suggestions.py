"""Fixes for networks that no config writes down."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.diagnosis.check import CheckOptions, check_config, judge_saved, lint_config
from gradcheck_cli.diagnosis.exit_code import find_exit_code
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Finding, Safety

TEXT = """
data: {type: python, factory: "tests.own_networks:rows", task: classification}
model: {factory: "tests.own_networks:deep", args: {depth: 12}}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 0.001}
trainer: {epochs: 20, batch_size: 50}
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.yaml"
    path.write_text(TEXT)
    return path


def check(path: Path, *overrides: str, save: bool = False) -> RunReport:
    options = CheckOptions(overrides=overrides, allow_import=("tests",), save=save, run_dir=path.parent / "runs")
    return check_config(path, options)


@pytest.fixture(scope="module")
def report(file: Path) -> RunReport:
    return check(file, save=True)


def only(report: RunReport, code: str) -> Finding:
    return next(finding for finding in report.findings if finding.rule == code)


def test_the_fault_is_found_as_in_a_written_network(report: RunReport) -> None:
    finding = report.findings[0]
    assert finding.rule == "GC101"
    assert finding.path == "model.factory"
    assert finding.layers[0] == "inner.0"
    assert find_exit_code([report], fail_on="error") == 1


def test_no_rule_crashes_on_it(report: RunReport) -> None:
    assert not [rule for rule in report.rules if rule.status == "crashed"]


def test_fixes_of_layers_are_advice_that_fits_the_layers(report: RunReport) -> None:
    fixes = only(report, "GC101").fixes
    assert fixes[0].title.startswith("Use ReLU in place of the saturating activations")
    assert all(fix.safety is Safety.ADVICE and not fix.edits for fix in fixes)
    assert not any("weight decay" in fix.title for fix in fixes)


def test_fixes_of_the_optimizer_stay_edits(file: Path) -> None:
    finding = only(check(file, "optimizer.lr=50"), "GC506")
    edits = [edit.path for fix in finding.fixes for edit in fix.edits]
    assert "optimizer.lr" in edits
    assert {path.partition(".")[0] for path in edits} <= {"optimizer", "lr_scheduler", "trainer"}


def test_a_network_with_skips_by_plus_is_left_in_peace(file: Path) -> None:
    found = check(file, "model.factory=tests.own_networks:skipping", "optimizer.lr=0.01")
    assert found.findings == ()
    assert found.harm.shown is False


def test_a_saved_run_is_judged_again_without_permission(file: Path, report: RunReport) -> None:
    again = judge_saved(str(report.run_dir), CheckOptions())
    assert [finding.rule for finding in again.findings] == [finding.rule for finding in report.findings]
    assert [fix.title for fix in again.findings[0].fixes] == [fix.title for fix in report.findings[0].fixes]


def test_without_permission_nothing_is_trained(file: Path) -> None:
    refused = check_config(file, CheckOptions(save=False))
    assert refused.status is RunStatus.FAILED
    assert [(problem.path, problem.line) for problem in refused.errors] == [("model.factory", 3), ("data.factory", 2)]


def test_lint_needs_no_permission_and_says_what_it_leaves_out(file: Path) -> None:
    linted = lint_config(file, CheckOptions(overrides=("optimizer.lr=50",)))
    assert [finding.rule for finding in linted.findings] == ["GC506"]
    assert linted.coverage is not None
    assert "What tests.own_networks:deep makes is not looked at" in linted.coverage.note
