from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.diagnosis.harm import find_harm
from gradcheck_cli.recording.description import DataDescription
from gradcheck_cli.recording.history import NonFinite, RunStatus
from tests.histories import make_description, make_epochs, make_history, make_linted, make_outcome


def harm(*, overfitting: bool = False, rows: int = 320, **fields: Any) -> tuple[bool | None, str | None]:
    description = make_description(data=DataDescription("classification", 1280, rows, 10, (64,)))
    found = find_harm(make_history(description, **fields), overfitting=overfitting)
    assert found.explanation
    return found.shown, found.by


def test_healthy_run() -> None:
    assert harm() == (False, None)


def test_a_not_above_trivial() -> None:
    assert harm(outcome=make_outcome(0.1)) == (True, "a")


def test_b_below_a_reference() -> None:
    assert harm(outcome=make_outcome(0.8)) == (True, "b")


@pytest.mark.parametrize("status", [RunStatus.STOPPED_BY_VERDICT, RunStatus.INTERRUPTED])
def test_b_is_not_used_on_a_run_cut_short_but_a_is(status: RunStatus) -> None:
    assert harm(outcome=make_outcome(0.8), status=status) == (False, None)
    assert harm(outcome=make_outcome(0.1), status=status) == (True, "a")


def test_b_is_used_where_early_stopping_was_asked_for() -> None:
    assert harm(outcome=make_outcome(0.8), status=RunStatus.EARLY_STOPPING) == (True, "b")


def test_c_ended_non_finite() -> None:
    assert harm(non_finite=NonFinite(3, "loss")) == (True, "c")
    assert harm(status=RunStatus.DIVERGED) == (True, "c")
    assert harm(outcome=make_outcome(float("nan"))) == (True, "c")


def test_c_needs_neither_validation_nor_an_evaluation() -> None:
    assert harm(rows=0, non_finite=NonFinite(3, "loss"), outcome=None) == (True, "c")


def test_nan_that_the_run_got_over_is_no_harm() -> None:
    assert harm(non_finite=NonFinite(3, "gradient", lasting=False)) == (False, None)


def test_d_overfitting() -> None:
    assert harm(overfitting=True) == (True, "d")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"outcome": None}, "evaluated"),
        ({"rows": 0}, "validation rows"),
        ({"outcome": make_outcome(0.1, constant_target=True)}, "target never changes"),
        ({"outcome": make_outcome(0.9, references={}, train_references={})}, "no reference"),
    ],
)
def test_cannot_be_told(fields: dict[str, Any], reason: str) -> None:
    rows = fields.pop("rows", 320)
    description = make_description(data=DataDescription("classification", 1280, rows, 10, (64,)))
    found = find_harm(make_history(description, **fields), overfitting=False)
    assert (found.shown, found.by) == (None, None)
    assert reason in found.explanation


def test_run_without_validation_losses_in_a_foreign_loop_has_none() -> None:
    description = make_description(data=DataDescription("classification", 1280, None, 10, (64,)))
    history = make_history(
        description,
        epochs=make_epochs(validation_loss=np.nan),
        outcome=make_outcome(float("nan"), references={}),
    )
    assert find_harm(history, overfitting=False).shown is None


def test_linted_config_is_not_judged() -> None:
    assert find_harm(make_linted(), overfitting=False).shown is None
    assert find_harm(replace(make_linted(), status=RunStatus.FAILED), overfitting=False).shown is None
