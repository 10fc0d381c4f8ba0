"""Tests of fitting a table to a width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.reporters.cell_width import measure, shorten
from gradcheck_cli.reporters.columns import Column, choose_columns, total_width

COLUMNS = [Column("name", ("fc1",), 0, right=False), Column("shape", ("16x8x8",), 2), Column("norm", ("0.003",), 1)]


def test_columns_keep_their_order_and_the_highest_rank_goes_first() -> None:
    assert [column.title for column in choose_columns(COLUMNS, width=40)] == ["name", "shape", "norm"]
    assert [column.title for column in choose_columns(COLUMNS, width=12)] == ["name", "norm"]
    assert [column.title for column in choose_columns(COLUMNS, width=1)] == ["name"]


@given(st.integers(4, 60))
def test_what_is_chosen_fits(width: int) -> None:
    assert total_width(choose_columns(COLUMNS, width=width)) <= width


def test_cells_are_aligned_at_one_width() -> None:
    assert COLUMNS[0].align("a", ellipsis="~") == "a   "
    assert COLUMNS[2].align("7", ellipsis="~") == "    7"


def test_wide_characters_take_two_columns() -> None:
    assert measure("层é") == 3
    assert Column("t", ("层层层",), 0, longest=4).align("层层层", ellipsis="~") == " 层~"


@given(st.text(), st.integers(1, 20))
def test_shortened_text_fits(text: str, width: int) -> None:
    assert measure(shorten(text, width, ellipsis="~")) <= width
