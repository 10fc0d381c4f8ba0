"""Tests of the figures that every format shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradcheck_cli.recording.description import DataDescription
from gradcheck_cli.reporters.measures import Losses, find_best_epoch, pick_losses
from tests.histories import make_description, make_epochs, make_history, make_linted, make_outcome


def test_best_epoch_counts_from_one() -> None:
    epochs = make_epochs(4, train_loss=[4, 3, 2, 1], validation_loss=[4, 2, 3, 5])
    assert pick_losses(make_history(epochs=epochs)) == Losses(1.0, 5.0, 2.0, 2)


def test_the_final_validation_loss_is_that_of_the_network_handed_over() -> None:
    epochs = make_epochs(4, train_loss=[4, 3, 2, 1], validation_loss=[4, 2, 3, 5])
    restored = make_history(epochs=epochs, outcome=make_outcome(validation_loss=2.0))
    assert pick_losses(restored) == Losses(1.0, 2.0, 2.0, 2)


def test_a_run_without_a_final_evaluation_shows_its_last_epoch() -> None:
    epochs = make_epochs(3, train_loss=1.0, validation_loss=[4, 2, 3])
    for outcome in (None, make_outcome(validation_loss=np.nan)):
        assert pick_losses(make_history(epochs=epochs, outcome=outcome)).validation == 3.0


def test_without_validation_rows_its_losses_are_missing() -> None:
    description = make_description(data=DataDescription("classification", 100, 0, 2))
    losses = pick_losses(make_history(description, epochs=make_epochs(3, validation_loss=np.nan)))
    assert (losses.validation, losses.best_validation, losses.best_epoch) == (None, None, None)
    assert losses.train is not None


def test_a_measured_nan_stays_nan() -> None:
    losses = pick_losses(make_history(epochs=make_epochs(3, validation_loss=[1.0, np.nan, np.nan])))
    assert losses.validation is not None
    assert np.isnan(losses.validation)
    assert losses.best_epoch == 1


def test_a_run_without_a_full_epoch_shows_its_last_step() -> None:
    history = make_history()
    assert history.steps is not None
    assert pick_losses(replace(history, epochs=None)) == Losses(train=float(history.steps.loss[-1]))


def test_nothing_measured_nothing_shown() -> None:
    assert pick_losses(None) == Losses()
    assert pick_losses(make_linted()) == Losses()


def test_infinite_losses_are_never_best() -> None:
    assert find_best_epoch(np.array([np.inf, 2.0, -np.inf, np.nan])) == 1
    assert find_best_epoch(np.array([np.nan])) is None
