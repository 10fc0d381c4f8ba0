"""What several seeds of one config add up to."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.diagnosis.check import CheckOptions, check_many
from gradcheck_cli.diagnosis.many_runs import group_seeds, run_in_turn
from gradcheck_cli.diagnosis.report import RuleResult, RuleStatus, RunReport
from gradcheck_cli.diagnosis.seeds import merge_seeds
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Finding, SeedCount, Severity
from tests.histories import make_finding, make_history, make_outcome


def _report(
    *findings: Finding, seed: int = 0, value: float = 0.9, status: RunStatus = RunStatus.COMPLETED
) -> RunReport:
    history = make_history(outcome=make_outcome(value))
    return RunReport("config.yaml", "run", seed, status, history=history, findings=findings)


def _error(**fields: Any) -> Finding:
    return make_finding(severity=Severity.ERROR, **fields)


def test_a_fault_of_every_seed_keeps_its_severity() -> None:
    (finding,) = merge_seeds([_report(_error()) for _ in range(3)]).findings
    assert (finding.severity, finding.seeds) == (Severity.ERROR, SeedCount(3, 3))


@pytest.mark.parametrize(
    ("hit", "of", "severity"), [(1, 2, "error"), (1, 3, "warning"), (2, 4, "error"), (2, 5, "warning")]
)
def test_an_error_needs_half_of_the_seeds(hit: int, of: int, severity: str) -> None:
    reports = [_report(_error()) for _ in range(hit)] + [_report() for _ in range(of - hit)]
    (finding,) = merge_seeds(reports).findings
    assert (finding.severity, finding.seeds) == (Severity(severity), SeedCount(hit, of))


def test_seeds_that_only_warn_do_not_count_for_an_error() -> None:
    warned = make_finding(severity=Severity.WARNING)
    (finding,) = merge_seeds([_report(_error()), _report(warned), _report(warned)]).findings
    assert (finding.severity, finding.seeds) == (Severity.WARNING, SeedCount(3, 3))


def test_a_fault_of_a_later_seed_is_reported_too() -> None:
    merged = merge_seeds([_report(), _report(_error())])
    assert [finding.rule for finding in merged.findings] == ["GC101"]


def test_the_layer_of_a_single_fault_may_vary_but_several_faults_are_told_apart() -> None:
    first, other = _error(layers=("a",), fingerprint="a"), _error(layers=("b",), fingerprint="b")
    (merged,) = merge_seeds([_report(first), _report(other)]).findings
    assert (merged.layers, merged.seeds) == (("a",), SeedCount(2, 2))
    apart = merge_seeds([_report(first, other), _report(other)]).findings
    assert {finding.fingerprint: finding.seeds.found for finding in apart} == {"a": 1, "b": 2}


def test_the_first_seed_gives_the_numbers_and_all_give_their_metric() -> None:
    merged = merge_seeds([_report(seed=4, value=0.5), _report(seed=5, value=0.7)])
    assert (merged.seed, merged.seed_metrics) == (4, (0.5, 0.7))


def test_what_one_seed_found_is_found_and_what_one_was_spared_is_not_skipped() -> None:
    def report(status: RuleStatus) -> RunReport:
        return RunReport("c", "c", 0, RunStatus.COMPLETED, rules=(RuleResult("GC101", "v", status),))

    assert merge_seeds([report(RuleStatus.PASSED), report(RuleStatus.FOUND)]).rules[0].status is RuleStatus.FOUND
    assert merge_seeds([report(RuleStatus.SKIPPED), report(RuleStatus.PASSED)]).rules[0].status is RuleStatus.PASSED


def test_a_config_that_cannot_be_read_has_no_metrics() -> None:
    failed = RunReport("c", "c", 0, RunStatus.FAILED, errors=(Problem("model", "is missing"),))
    merged = merge_seeds([failed, failed])
    assert (merged.errors, merged.seed_metrics, merged.status) == (failed.errors, None, RunStatus.FAILED)


@pytest.mark.parametrize(
    ("endings", "expected"),
    [
        (("completed", "failed"), "failed"),
        (("failed", "completed"), "failed"),
        (("failed", "interrupted"), "interrupted"),
        (("diverged", "completed"), "diverged"),
    ],
)
def test_the_worst_end_of_a_seed_is_that_of_the_config(endings: tuple[str, str], expected: str) -> None:
    assert merge_seeds([_report(status=RunStatus(ending)) for ending in endings]).status == expected


def test_an_interruption_ends_the_last_group_early() -> None:
    reports = [_report(), _report(), _report(status=RunStatus.INTERRUPTED), _report()]
    grouped = list(group_seeds(run_in_turn([partial(replace, one) for one in reports]), seeds=2))
    assert [group.status for group in grouped] == [RunStatus.COMPLETED, RunStatus.INTERRUPTED]
    assert len(grouped[1].seed_metrics or ()) == 1


CONFIG = """
name: run
seed: 7
data: {type: iris, val_fraction: 0.3}
model: {layers: [{type: Linear, out_features: 3}]}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1}
trainer: {epochs: 2, batch_size: 16}
"""


def test_seeds_are_trained_from_the_configs_own_on_and_only_the_first_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    options = CheckOptions(seeds=3, run_dir=tmp_path / "runs")
    (run,) = check_many([str(path)], options).runs
    alone = [
        check_many([str(path)], CheckOptions(overrides=(f"seed={seed}",), save=False)).runs[0] for seed in (7, 8, 9)
    ]
    values = tuple(one.history.outcome.value for one in alone if one.history and one.history.outcome)
    assert run.seed == 7
    assert run.seed_metrics == values
    assert not any(math.isnan(value) for value in values)
    assert len([folder for folder in (tmp_path / "runs").iterdir() if folder.is_dir()]) == 1


def test_one_seed_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    assert check_many([str(path)], CheckOptions(save=False)).runs[0].seed_metrics is None
