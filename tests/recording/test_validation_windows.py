"""Windows of validation losses against a naive computation that keeps every epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.recording.validation_windows import ValidationWindows

ROWS = 7
SECOND_HALF = np.arange(ROWS) % 2 == 1


def collect(losses: np.typing.NDArray[np.float64], planned_epochs: int) -> ValidationWindows:
    windows = ValidationWindows(SECOND_HALF, planned_epochs=planned_epochs)
    for epoch in losses:
        windows.add(epoch)
    return windows


@given(epochs=st.integers(1, 60), planned=st.integers(1, 60), seed=st.integers(0, 1000))
def test_windows_equal_a_naive_search(epochs: int, planned: int, seed: int) -> None:
    losses = np.random.default_rng(seed).random((epochs, ROWS))
    found = collect(losses, planned).finish()
    assert found is not None
    window = min(max(3, -(-planned // 10)), epochs)
    assert found.window == window
    starts = range(epochs - window + 1)
    means = np.stack([losses[start : start + window].mean(axis=0) for start in starts])
    np.testing.assert_allclose(found.last, means[-1])
    for half, rows in enumerate((~SECOND_HALF, SECOND_HALF)):
        best = int(np.argmin(means[:, rows].mean(axis=1)))
        np.testing.assert_allclose(found.best[half], means[best])
        assert found.best_epoch[half] == best + window - 1


@given(epochs=st.integers(1, 200))
def test_thinned_epochs_are_few_and_spread(epochs: int) -> None:
    losses = np.arange(epochs, dtype=np.float64)[:, None].repeat(ROWS, axis=1)
    found = collect(losses, epochs).finish()
    assert found is not None
    assert 1 <= len(found.thinned_epochs) <= 16
    assert len(set(np.diff(found.thinned_epochs).tolist())) <= 1
    assert found.thinned_epochs[0] == 0
    assert found.thinned_epochs[-1] >= 0.75 * (epochs - 1)
    np.testing.assert_array_equal(found.thinned[:, 0], found.thinned_epochs)


def test_without_epochs_there_is_nothing() -> None:
    assert collect(np.empty((0, ROWS)), 10).finish() is None


def test_windows_that_are_not_finite_are_never_the_best() -> None:
    losses = np.ones((6, ROWS))
    losses[2] = np.nan
    losses[3] = -np.inf
    found = collect(losses[[0, 1, 0, 2, 3, 0]], 6).finish()
    assert found is not None
    assert found.best_epoch.tolist() == [2, 2]


@pytest.mark.filterwarnings("ignore:invalid value")
def test_nothing_but_nan_still_gives_an_answer() -> None:
    found = collect(np.full((5, ROWS), np.nan), 5).finish()
    assert found is not None
    assert np.isnan(found.best).all()
    assert np.isnan(found.last).all()
