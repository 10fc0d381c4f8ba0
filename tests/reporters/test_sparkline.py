"""Tests of the sparkline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.reporters.sparkline import draw_sparkline, find_range
from gradcheck_cli.reporters.symbols import ASCII, UNICODE, Symbols


def draw(values: list[float], *, width: int = 8, symbols: Symbols = UNICODE, known: list[bool] | None = None) -> str:
    array = np.array(values)
    mask = np.array(known) if known else np.ones(len(values), dtype=np.bool_)
    return draw_sparkline(array, mask, width=width, span=find_range(array[mask]), symbols=symbols)


def test_equal_steps_in_decades_are_equal_steps_in_height() -> None:
    assert draw([10.0**-n for n in range(8, 0, -1)]) == "▁▂▃▄▅▆▇█"


def test_ascii_has_as_many_levels() -> None:
    assert draw([10.0**-n for n in range(8, 0, -1)], symbols=ASCII) == ASCII.levels
    assert len(ASCII.levels) == len(UNICODE.levels)


def test_a_spike_of_one_step_in_a_thousand_stays() -> None:
    values = [1.0] * 1000
    values[500] = 1e6
    assert draw(values, width=10) == "▁▁▁▁▁█▁▁▁▁"


def test_zero_and_non_finite_have_signs_of_their_own() -> None:
    assert draw([0.0, 1.0, float("nan"), float("inf")]) == "0▅\u00d7\u00d7"


def test_unknown_is_blank_and_never_zero() -> None:
    assert draw([1.0, float("nan"), 1.0], known=[True, False, True])[1] == " "


def test_all_zero_is_drawn_without_a_range() -> None:
    assert draw([0.0, 0.0]) == "00"


def test_nothing_recorded_draws_nothing() -> None:
    assert draw([]) == ""


def test_a_steady_norm_is_not_blown_up_to_the_whole_height() -> None:
    assert len(set(draw([1.0, 1.1, 0.95, 1.05]))) <= 2


@given(
    st.lists(st.floats(min_value=0, allow_infinity=True, allow_nan=False), min_size=1, max_size=50),
    st.integers(1, 40),
)
def test_any_norms_draw_at_the_width_asked_for(values: list[float], width: int) -> None:
    assert len(draw(values, width=width)) == min(width, len(values))


def test_range_is_at_least_a_decade() -> None:
    assert find_range(np.array([1.0])) == pytest.approx((-0.5, 0.5))
    assert find_range(np.array([0.0, np.nan])) is None
