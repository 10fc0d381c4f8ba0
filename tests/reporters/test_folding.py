"""Tests of folding long tables."""

from __future__ import annotations

from gradcheck_cli.reporters.folding import Fold, fold_rows
from gradcheck_cli.reporters.layer_rows import LayerRow
from gradcheck_cli.rules.base import Severity


def make_rows(number: int, *, bad: range = range(0)) -> list[LayerRow]:
    return [
        LayerRow((f"fc{index}",), ("Linear",), severity=Severity.ERROR if index in bad else None)
        for index in range(number)
    ]


def show(shown: list[LayerRow | Fold]) -> list[str | int]:
    return [len(entry.rows) if isinstance(entry, Fold) else entry.name for entry in shown]


def test_a_short_table_is_left_alone() -> None:
    rows = make_rows(20)
    assert fold_rows(rows) == rows


def test_healthy_stretches_keep_their_ends() -> None:
    assert show(fold_rows(make_rows(30))) == ["fc0", 28, "fc29"]


def test_bad_rows_and_their_neighbours_stay() -> None:
    assert show(fold_rows(make_rows(30, bad=range(10, 13)))) == [
        *("fc0", 8, "fc9"),
        *("fc10", "fc11", "fc12"),
        *("fc13", 15, "fc29"),
    ]


def test_bad_rows_are_folded_only_where_they_alone_fill_the_screen() -> None:
    assert 14 not in show(fold_rows(make_rows(30, bad=range(20))))
    assert show(fold_rows(make_rows(100, bad=range(100)))) == ["fc0", "fc1", "fc2", 94, "fc97", "fc98", "fc99"]


def test_no_row_is_lost() -> None:
    rows = make_rows(57, bad=range(11, 40, 5))
    unfolded = [row for entry in fold_rows(rows) for row in (entry.rows if isinstance(entry, Fold) else (entry,))]
    assert unfolded == rows
