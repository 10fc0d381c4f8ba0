from __future__ import annotations

import numpy as np
import pytest

from gradcheck_cli.rules.generalization.validation_rise import measure_rise, rise_probability
from tests.histories import make_epochs, make_history, make_validation_losses

ROWS = np.random.default_rng(1).gamma(1.0, 0.5, size=400)


def test_windows_are_compared_not_single_epochs() -> None:
    losses = np.full(20, 1.0)
    losses[4] = 0.1
    rise = measure_rise(make_history(epochs=make_epochs(validation_loss=losses)))
    assert rise is not None
    assert rise.best_loss == pytest.approx(0.7)
    assert rise.last_loss == pytest.approx(1.0)
    assert rise.rise == pytest.approx(0.3)
    assert rise.share_of_gain == pytest.approx(0.3 / (2.3 - 0.7))


def test_loss_that_falls_to_the_end_has_no_rise() -> None:
    assert measure_rise(make_history(epochs=make_epochs(validation_loss=np.linspace(2, 1, 20)))) is None


def test_trend_is_one_for_a_steady_rise_and_near_zero_for_jitter() -> None:
    steady = measure_rise(make_history(epochs=make_epochs(validation_loss=np.abs(np.arange(20) - 5.0))))
    jitter = np.where(np.arange(20) % 2 == 0, 1.1, 1.0)
    jitter[:3] = 0.9
    noisy = measure_rise(make_history(epochs=make_epochs(validation_loss=jitter)))
    assert steady is not None
    assert noisy is not None
    assert steady.trend > 0.95
    assert noisy.trend < 0.5


def test_best_above_trivial_gives_an_infinite_share() -> None:
    rise = measure_rise(make_history(epochs=make_epochs(validation_loss=np.linspace(3, 5, 20))))
    assert rise is not None
    assert rise.share_of_gain == np.inf


def test_losses_that_are_not_finite_are_not_compared() -> None:
    losses = np.linspace(1, 2, 20)
    losses[-1] = np.nan
    assert measure_rise(make_history(epochs=make_epochs(validation_loss=losses))) is None


def test_p_agrees_with_the_exact_distribution() -> None:
    stats = pytest.importorskip("scipy.stats")
    for shift in (0.0, 0.02, 0.1):
        last = ROWS + shift + np.random.default_rng(2).normal(0, 0.3, size=400)
        exact = stats.ttest_rel(last, ROWS, alternative="greater").pvalue
        assert rise_probability(make_validation_losses(ROWS, last)) == pytest.approx(exact, rel=0.02)


def test_fall_has_a_large_p_and_equality_is_no_rise() -> None:
    assert rise_probability(make_validation_losses(ROWS, ROWS - 0.1)) == 1.0
    assert rise_probability(make_validation_losses(ROWS, ROWS)) == 1.0
    assert rise_probability(make_validation_losses(ROWS, ROWS + 0.1)) == 0.0


def test_each_half_is_tested_on_the_window_that_the_other_half_chose() -> None:
    losses = make_validation_losses(np.zeros(100), np.ones(100))
    lucky = losses.second_half
    losses.best[0, lucky] = 1.0
    losses.best[1, ~lucky] = 1.0
    assert rise_probability(losses) == 1.0


def test_two_rows_prove_nothing() -> None:
    assert rise_probability(make_validation_losses([0.0, 0.1], [1.0, 1.2])) == 1.0
