"""Tests of the rule on configs that cannot be used: it speaks through the errors of a run, never through findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.diagnosis.check import CheckOptions, check_config, lint_config
from gradcheck_cli.diagnosis.report import RuleStatus, RunReport
from gradcheck_cli.rules.config.invalid_config import InvalidConfig
from tests.diagnosis.test_check import GOOD
from tests.histories import make_finding, make_history, make_linted

NO_DATA = GOOD.replace("{type: wine, standardize: true}", "{type: csv, path: absent.csv, target: y}")
REFUSED = GOOD.replace("out_features: 16}", "in_features: 9, out_features: 16}")


def lint(text: str, tmp_path: Path, *, train: bool = False, select: tuple[str, ...] | None = None) -> RunReport:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    options = CheckOptions(select=select, save=False)
    return check_config(path, options) if train else lint_config(path, options)


def status(run: RunReport) -> RuleStatus | None:
    return next((result.status for result in run.rules if result.rule == InvalidConfig.code), None)


def test_it_has_nothing_to_fix() -> None:
    assert list(InvalidConfig().fixes(make_finding("GC001", "invalid-config"), None)) == []


def test_a_run_that_can_be_judged_has_a_valid_config() -> None:
    assert list(InvalidConfig().check(make_history())) == []
    assert list(InvalidConfig().check(make_linted())) == []


@pytest.mark.parametrize("train", [False, True])
def test_a_good_config_passes(train: bool, tmp_path: Path) -> None:
    run = lint(GOOD, tmp_path, train=train)
    assert (status(run), run.errors) == (RuleStatus.PASSED, ())


@pytest.mark.parametrize("text", ["model: [1\n", "model: 3\n", GOOD.replace("ReLU", "RELU")])
def test_what_cannot_be_read_is_an_error_of_the_config(text: str, tmp_path: Path) -> None:
    run = lint(text, tmp_path)
    assert run.errors
    assert all(problem.is_of_config and problem.line for problem in run.errors)


@pytest.mark.parametrize("text", [NO_DATA, REFUSED])
def test_what_shows_only_in_training_is_too(text: str, tmp_path: Path) -> None:
    assert status(lint(text, tmp_path)) is RuleStatus.PASSED
    run = lint(text, tmp_path, train=True)
    assert status(run) is RuleStatus.FOUND
    assert all(problem.is_of_config for problem in run.errors)


def test_it_cannot_be_left_out(tmp_path: Path) -> None:
    run = lint("model: 3\n", tmp_path, select=("GC1",))
    assert run.errors
    assert lint(NO_DATA, tmp_path, train=True, select=("GC1",)).errors
