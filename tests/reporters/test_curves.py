"""Tests of the plot."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.reporters.curves import Curve, Plot, draw_curves


def lines(plot: Plot | None) -> list[str]:
    assert plot is not None
    return ["".join(cell.text for cell in row) for row in plot.rows]


def curve(*values: float, letter: str = "t") -> Curve:
    return Curve("curve", letter, np.array(values))


def test_a_falling_line_goes_from_corner_to_corner() -> None:
    assert lines(draw_curves([curve(4, 3, 2, 1)], width=4, height=4, braille=False)) == ["t   ", " t  ", "  t ", "   t"]


def test_a_jump_is_drawn_as_a_stroke() -> None:
    assert lines(draw_curves([curve(3, 0)], width=2, height=4, braille=False)) == ["t ", " t", " t", " t"]


def test_braille_dots_of_a_diagonal() -> None:
    assert lines(draw_curves([curve(4, 3, 2, 1)], width=2, height=1, braille=True)) == ["⠑⢄"]


def test_crossing_letters_become_a_star() -> None:
    plot = draw_curves([curve(1, 2, 3), curve(3, 2, 1, letter="v")], width=3, height=3, braille=False)
    assert lines(plot) == ["v t", " * ", "t v"]
    assert plot is not None
    assert plot.end_rows == (0, 2)


def test_the_later_curve_owns_a_shared_cell() -> None:
    plot = draw_curves([curve(1, 1), curve(1, 1, letter="v")], width=2, height=1, braille=True)
    assert plot is not None
    assert plot.rows[0][0].curve == 1


def test_nan_is_a_gap_and_no_dot() -> None:
    assert lines(draw_curves([curve(1, 1, np.nan, 1, 1)], width=5, height=1, braille=False)) == ["tt tt"]


def test_wide_ranges_get_a_log_axis_and_narrow_ones_do_not() -> None:
    wide = draw_curves([curve(1000, 100, 10, 1)], width=4, height=4, braille=False)
    narrow = draw_curves([curve(4, 1)], width=4, height=4, braille=False)
    assert wide is not None
    assert wide.logarithmic
    assert lines(wide) == ["t   ", " t  ", "  t ", "   t"]
    assert narrow is not None
    assert not narrow.logarithmic


def test_one_value_is_no_curve() -> None:
    assert draw_curves([curve(1.0)], width=4, height=4, braille=True) is None
    assert draw_curves([curve(np.nan, 1.0, np.inf)], width=4, height=4, braille=True) is None


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30),
    st.integers(1, 60),
    st.integers(1, 12),
    st.booleans(),
)
def test_any_values_keep_the_frame(values: list[float], width: int, height: int, braille: bool) -> None:
    plot = draw_curves([curve(*values)], width=width, height=height, braille=braille)
    if plot is not None:
        assert {len(line) for line in lines(plot)} == {width}
        assert len(plot.rows) == height
