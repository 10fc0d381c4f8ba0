from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradcheck_cli.recording.history import History, RunStatus
from gradcheck_cli.rules.outcome.decision import (
    PROMISING_FALL,
    RunOutcome,
    decide_outcome,
    predicted_fall,
    settled_loss,
)
from gradcheck_cli.rules.outcome.diverging_loss import DivergingLoss
from gradcheck_cli.rules.outcome.loss_not_decreasing import LossNotDecreasing
from gradcheck_cli.rules.outcome.slow_convergence import SlowConvergence
from gradcheck_cli.rules.outcome.underfitting import Underfitting
from tests.histories import make_epochs, make_history, make_outcome

RULES = (DivergingLoss, LossNotDecreasing, SlowConvergence, Underfitting)


def ended(final: float, *, error: float = 0.01, slope: float = 0.0, train: float = 0.1) -> History:
    """A run that ended at `final`, its loss falling by `slope` for each doubling of the steps."""
    epochs = np.arange(1, 21)
    losses = final + slope * np.log2(20 / epochs)
    return make_history(
        epochs=make_epochs(slice_loss=losses),
        outcome=make_outcome(0.1, final_slice_loss=final, final_slice_error=error, train_metric=train),
    )


@pytest.mark.parametrize(
    ("history", "outcome"),
    [
        (ended(np.nan), RunOutcome.DIVERGING),
        (ended(np.inf), RunOutcome.DIVERGING),
        (ended(2.4 + 0.23 + 0.03), RunOutcome.DIVERGING),
        (ended(2.4 + 0.23 + 0.01), RunOutcome.NOT_DECREASING),
        (ended(4.0, error=1.0), RunOutcome.NOT_DECREASING),
        (ended(2.3 - 0.01), RunOutcome.NOT_DECREASING),
        (ended(2.3 - 0.03), RunOutcome.UNDERFITTING),
        (ended(1.0, slope=0.25), RunOutcome.SLOW),
        (ended(1.0, slope=0.21), RunOutcome.UNDERFITTING),
        (ended(1.0), RunOutcome.UNDERFITTING),
    ],
)
def test_outcome_on_each_side_of_each_limit(history: History, outcome: RunOutcome) -> None:
    assert decide_outcome(history) is outcome


@pytest.mark.parametrize("history", [ended(np.nan), ended(9.0), ended(2.3), ended(1.0, slope=0.5), ended(1.0)])
def test_exactly_one_rule_names_the_outcome(history: History) -> None:
    found = [finding for rule in RULES for finding in rule().check(history)]
    assert len(found) == 1


def test_predicted_fall_is_exact_for_a_line_in_the_logarithm() -> None:
    assert predicted_fall(ended(1.0, slope=0.46)) == pytest.approx(0.46 / 2.3)


def test_rows_may_show_what_the_loss_is_too_noisy_for() -> None:
    assert decide_outcome(ended(2.2, error=0.1)) is RunOutcome.NOT_DECREASING
    assert decide_outcome(ended(2.2, error=0.1, train=0.3)) is RunOutcome.UNDERFITTING
    assert decide_outcome(ended(2.35, error=0.1, train=0.3)) is RunOutcome.NOT_DECREASING


def test_a_rising_loss_predicts_no_fall() -> None:
    assert predicted_fall(ended(1.0, slope=-0.3)) < 0


def test_too_few_epochs_predict_nothing() -> None:
    history = make_history(epochs=make_epochs(3), outcome=make_outcome(0.5, final_slice_loss=1.0))
    assert predicted_fall(history) == 0.0
    assert decide_outcome(history) is RunOutcome.UNDERFITTING


def test_losses_that_are_not_finite_are_left_out_of_the_fit() -> None:
    history = ended(1.0, slope=0.5)
    assert history.epochs is not None
    losses = history.epochs.slice_loss.copy()
    losses[-3] = np.nan
    assert predicted_fall(replace(history, epochs=make_epochs(slice_loss=losses))) == pytest.approx(0.5 / 2.3)


def test_run_that_stopped_early_was_not_too_short() -> None:
    stopped = replace(ended(1.0, slope=0.5), status=RunStatus.EARLY_STOPPING)
    assert decide_outcome(stopped) is RunOutcome.UNDERFITTING


def test_run_without_an_evaluation_has_no_outcome() -> None:
    assert decide_outcome(make_history(outcome=None)) is None


def test_all_are_only_for_harmed_runs() -> None:
    assert all(rule.only_with_harm for rule in RULES)


def jittering(level: float, *, last: float, noise: float = 0.3, epochs: int = 24) -> History:
    """A run that jitters around a level for all its epochs and was evaluated at `last` in the end."""
    losses = level + noise * np.random.default_rng(3).standard_normal(epochs)
    losses[-1] = last
    return make_history(epochs=make_epochs(epochs, slice_loss=losses), outcome=make_outcome(0.1, final_slice_loss=last))


def test_a_spike_at_the_end_decides_nothing() -> None:
    history = jittering(1.2, last=9.0)
    assert settled_loss(history) == pytest.approx(1.2, abs=0.6)
    assert decide_outcome(history) is RunOutcome.UNDERFITTING


def test_a_run_that_stays_up_has_diverged() -> None:
    assert decide_outcome(jittering(9.0, last=9.2)) is RunOutcome.DIVERGING


def test_a_final_loss_below_the_last_epochs_is_taken_as_it_is() -> None:
    assert settled_loss(ended(1.0, slope=0.5)) == 1.0
    assert settled_loss(jittering(1.2, last=0.4)) == 0.4


def test_jitter_predicts_no_fall() -> None:
    falls = [predicted_fall(jittering(1.2, last=last)) for last in (0.2, 1.2, 3.0)]
    assert max(falls) <= PROMISING_FALL


def test_one_spike_does_not_tilt_the_prediction() -> None:
    history = ended(1.0, slope=0.46)
    assert history.epochs is not None
    losses = history.epochs.slice_loss.copy()
    losses[-7] = 20.0
    spiked = replace(history, epochs=make_epochs(slice_loss=losses))
    assert predicted_fall(spiked) == pytest.approx(0.46 / 2.3, rel=0.2)


def test_no_fall_is_larger_than_the_loss() -> None:
    assert predicted_fall(ended(0.5, slope=4.0)) == pytest.approx(0.5 / 2.3)


def test_a_loss_below_zero_has_no_floor() -> None:
    assert predicted_fall(ended(-1.0, slope=2.3)) == pytest.approx(1.0)
