from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.recording.history import Floats, History
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.outcome.oscillating_loss import OscillatingLoss
from tests.histories import EPOCHS, make_epochs, make_history, make_outcome

TRIVIAL = 2.3
UP_AND_DOWN = np.where(np.arange(EPOCHS) % 2 == 0, 0.5, -0.5)


def check(history: History, **thresholds: float) -> list[Finding]:
    return list(OscillatingLoss(**thresholds).check(history))


def losses(values: Floats, **fields: Any) -> History:
    return make_history(epochs=make_epochs(slice_loss=TRIVIAL * values), **fields)


def swinging(size: float, *, progress: float = 0.0) -> History:
    return losses(1.0 + size * UP_AND_DOWN - progress * np.linspace(0, 1, EPOCHS))


def test_descent_is_left_alone() -> None:
    assert check(make_history()) == []


def test_steep_steady_descent_does_not_swing() -> None:
    assert check(losses(np.linspace(5, 0, EPOCHS))) == []


@pytest.mark.parametrize(("size", "found"), [(0.09, False), (0.11, True)])
def test_swing_on_each_side_of_the_limit(size: float, found: bool) -> None:
    assert bool(check(swinging(size))) is found


@pytest.mark.parametrize(("progress", "found"), [(0.6, True), (2.0, False)])
def test_swings_count_against_progress(progress: float, found: bool) -> None:
    assert bool(check(swinging(0.2, progress=progress))) is found


def test_a_loss_that_climbs_ever_faster_does_not_swing() -> None:
    assert check(losses(np.exp(np.linspace(0, 4, EPOCHS)))) == []


def test_swings_at_the_start_are_left_alone() -> None:
    assert check(losses(np.where(np.arange(EPOCHS) < EPOCHS / 4, 1.0 + UP_AND_DOWN, 0.2))) == []


def test_single_leap_is_no_swing() -> None:
    assert check(losses(np.where(np.arange(EPOCHS) == 12, 3.0, 0.2))) == []


def test_too_few_epochs_are_not_judged() -> None:
    values = TRIVIAL * (1.0 + UP_AND_DOWN[:6])
    assert check(make_history(epochs=make_epochs(6, slice_loss=values))) == []


def test_unit_of_the_loss_does_not_matter() -> None:
    values = 1e4 * TRIVIAL * (1.0 + 0.05 * UP_AND_DOWN)
    outcome = make_outcome(trivial_train_loss=1e4 * TRIVIAL)
    assert check(make_history(epochs=make_epochs(slice_loss=values), outcome=outcome)) == []


def test_losses_that_are_not_finite_are_another_rules_concern() -> None:
    assert check(losses(np.where(np.arange(EPOCHS) == 15, np.nan, 1.0 + UP_AND_DOWN))) == []


def test_error_beside_an_outcome_and_silent_without_harm() -> None:
    values, outcome = TRIVIAL + UP_AND_DOWN, make_outcome(0.1, final_slice_loss=TRIVIAL)
    harmed = judge(losses(values, outcome=outcome), select=["GC303", "GC304"])
    assert [(f.rule, f.severity, f.explained_by) for f in harmed.findings] == [
        ("GC303", Severity.ERROR, None),
        ("GC304", Severity.ERROR, "GC303"),
    ]
    assert judge(losses(values), select=["GC303"]).findings == ()


def test_thresholds_can_be_set() -> None:
    assert check(swinging(0.2), max_swing=0.3) == []


def test_fixes_without_a_config_are_advice() -> None:
    (finding,) = check(swinging(0.5))
    fixes = OscillatingLoss().fixes(finding, None)
    assert fixes
    assert all(not fix.edits for fix in fixes)
