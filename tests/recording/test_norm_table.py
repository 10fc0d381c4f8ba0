"""The table of norms: exact while it fits, and what survives when it does not."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.recording.norm_table import BYTES_PER_VALUE, NormTable

ROWS = ("a", "b")


def filled(values: np.typing.NDArray[np.float64], *, capacity: int, block: int = 64) -> NormTable:
    table = NormTable(ROWS, planned_steps=len(values), most_bytes=capacity * BYTES_PER_VALUE * len(ROWS))
    for start in range(0, len(values), block):
        part = values[start : start + block]
        table.put(np.arange(start, start + len(part)), part, known=np.ones(part.shape, dtype=np.bool_))
    return table


def test_everything_is_kept_while_it_fits() -> None:
    values = np.random.default_rng(0).random((300, 2))
    signal = filled(values, capacity=300).finish()
    np.testing.assert_array_equal(signal.values, values.T)
    assert signal.steps.tolist() == list(range(300))


@given(steps=st.integers(1, 3_000), capacity=st.integers(8, 200), block=st.integers(1, 100), seed=st.integers(0, 99))
def test_a_full_table_stays_small_and_keeps_the_extreme(steps: int, capacity: int, block: int, seed: int) -> None:
    values = np.random.default_rng(seed).random((steps, 2))
    largest = int(np.argmax((values**2).sum(axis=1)))
    signal = filled(values, capacity=capacity, block=block).finish()
    assert len(signal.steps) <= max(capacity, 8)
    assert (np.diff(signal.steps) > 0).all()
    assert {0, largest, steps - 1} <= set(signal.steps.tolist())
    np.testing.assert_array_equal(signal.values, values[signal.steps].T)


def test_the_first_step_that_is_not_finite_survives() -> None:
    values = np.ones((2_000, 2))
    values[777:, 1] = np.nan
    signal = filled(values, capacity=50).finish()
    bad = signal.steps[np.isnan(signal.values[1])]
    assert bad[0] == 777


def test_putting_a_step_twice_changes_nothing() -> None:
    table = NormTable(ROWS, planned_steps=10, most_bytes=10_000)
    known = np.ones((3, 2), dtype=np.bool_)
    table.put(np.arange(3), np.zeros((3, 2)), known=known)
    table.put(np.arange(1, 4), np.ones((3, 2)), known=known)
    assert table.finish().values.tolist() == [[0.0, 0.0, 0.0, 1.0]] * 2
