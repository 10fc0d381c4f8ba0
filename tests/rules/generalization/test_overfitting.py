from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradcheck_cli.recording.description import DataDescription
from gradcheck_cli.recording.history import History, RunStatus
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.generalization.overfitting import Overfitting
from tests.histories import (
    make_description,
    make_epochs,
    make_history,
    make_outcome,
    make_reference,
    make_validation_losses,
)

BEST, TRIVIAL = 0.3, 2.3


def overfit(
    *,
    share: float = 0.3,
    rows: int = 320,
    noise: float = 0.05,
    training_end: float = 0.05,
    metric_end: float = 0.85,
    **fields: object,
) -> History:
    """Validation loss down to 0.3 at epochs 8 to 10, then up steadily by `share` of the gain at the last epochs."""
    rise = share * (TRIVIAL - BEST)
    validation = np.concatenate([np.linspace(2.0, 0.35, 7), np.full(3, BEST), BEST + rise * np.linspace(0.1, 1, 7)])
    validation = np.concatenate([validation, np.full(3, BEST + rise)])
    metric = np.concatenate(
        [np.linspace(0.3, 0.9, 7), np.full(3, 0.9), np.linspace(0.9, metric_end, 7), np.full(3, metric_end)]
    )
    epochs = make_epochs(
        validation_loss=validation,
        validation_metric=metric,
        slice_loss=np.concatenate([np.linspace(2.0, 0.2, 10), np.linspace(0.19, training_end, 10)]),
    )
    best_rows = np.random.default_rng(3).gamma(1.0, BEST, size=rows)
    last_rows = best_rows + rise + np.random.default_rng(4).normal(0, noise, size=rows)
    description = make_description(data=DataDescription("classification", 1280, rows, 10, (64,)))
    history = make_history(
        description,
        epochs=epochs,
        validation_losses=make_validation_losses(best_rows, last_rows, best_epoch=9),
        outcome=make_outcome(metric_end, train_metric=1.0),
    )
    return replace(history, **fields)  # type: ignore[arg-type]


def check(history: History, **thresholds: float) -> list[Finding]:
    return list(Overfitting(**thresholds).check(history))


def without_gap(history: History) -> History:
    """The same run with references so poor that no generalisation gap can be shown."""
    outcome = history.outcome
    assert outcome is not None
    value = outcome.value
    poor = {name: make_reference(0.1, value=value) for name in outcome.references}
    return replace(history, outcome=replace(outcome, references=poor))


def test_healthy_run_is_left_alone() -> None:
    assert check(make_history()) == []


def test_overfitting_proves_harm_by_itself() -> None:
    (finding,) = check(overfit())
    assert finding.harmful
    assert finding.ceiling is Severity.ERROR
    assert "around epoch 10" in finding.message
    assert finding.first_step == 200


@pytest.mark.parametrize(("share", "found"), [(0.11, True), (0.09, False)])
def test_size_of_the_rise_on_each_side(share: float, found: bool) -> None:
    assert bool(check(without_gap(overfit(share=share)))) is found


def test_rise_within_the_noise_of_the_rows_is_left_alone() -> None:
    assert check(without_gap(overfit(share=0.12, rows=100, noise=3.0))) == []


def test_training_loss_that_rises_too_is_no_overfitting() -> None:
    assert check(without_gap(overfit(training_end=0.5))) == []


def test_rise_without_a_worse_metric_is_a_note() -> None:
    (finding,) = check(without_gap(overfit(metric_end=0.95)))
    assert finding.ceiling is Severity.INFO
    assert not finding.harmful
    assert "overconfident" in finding.message


def test_loss_that_ends_above_trivial_counts_whatever_the_metric() -> None:
    (finding,) = check(without_gap(overfit(share=1.1, metric_end=0.95)))
    assert finding.harmful


def test_few_rows_prove_no_harm_by_themselves() -> None:
    (finding,) = check(without_gap(overfit(rows=49)))
    assert not finding.harmful
    assert finding.ceiling is Severity.ERROR
    assert check(without_gap(overfit(rows=50)))[0].harmful


def test_rise_that_comes_down_again_is_left_alone() -> None:
    history = overfit()
    assert history.epochs is not None
    validation = history.epochs.validation_loss.copy()
    validation[-3:] = BEST + 0.01
    bump = replace(history, epochs=replace(history.epochs, validation_loss=validation))
    assert check(without_gap(bump)) == []


def test_restored_best_epoch_is_respected() -> None:
    history = overfit()
    trainer = {**history.description.trainer, "early_stopping": {"patience": 5, "restore_best": True}}
    restored = replace(history, description=replace(history.description, trainer=trainer))
    assert check(without_gap(restored)) == []
    kept = {**trainer, "early_stopping": {"patience": 5, "restore_best": False}}
    assert check(replace(history, description=replace(history.description, trainer=kept)))


def test_good_training_metric_and_poor_validation_metric_is_a_gap() -> None:
    (finding,) = check(make_history(outcome=make_outcome(0.7, train_metric=1.0)))
    (evidence,) = finding.evidence
    assert evidence.name == "generalization_gap"
    assert evidence.value == pytest.approx(0.3)
    assert not finding.harmful


@pytest.mark.parametrize(
    "outcome",
    [
        make_outcome(0.7, train_metric=0.72),
        make_outcome(0.93, train_metric=1.0),
        make_outcome(0.1, train_metric=0.1),
    ],
    ids=["poor in training too", "within the margin", "at chance in both"],
)
def test_no_gap(outcome: object) -> None:
    assert check(make_history(outcome=outcome)) == []


def test_a_run_cut_short_shows_no_gap() -> None:
    outcome = make_outcome(0.7, train_metric=1.0)
    assert check(make_history(outcome=outcome, status=RunStatus.INTERRUPTED)) == []
