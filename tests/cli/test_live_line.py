"""Tests of the live line."""

from __future__ import annotations

import math

import pytest

from gradcheck_cli.cli.live_line import draw_bar, show_point
from gradcheck_cli.recording.progress import ProgressPoint

POINT = ProgressPoint(120, 460, 5, 20, 0.4321, 0.5, 0.91, 1.2e-3)


def show(point: ProgressPoint = POINT, *, width: int = 120, unicode: bool = True) -> str:
    return show_point(point, name="digits", width=width, seconds_left=75.0, unicode=unicode)


def test_everything_is_told_where_there_is_room() -> None:
    assert show() == (
        "digits ━━━━──────────── 120/460  loss 0.432  1m15s left  epoch 6/20  val 0.500  metric 0.910  gradient 0.00120"
    )


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_the_line_never_wraps(width: int) -> None:
    assert len(show(width=width)) <= width


def test_narrow_lines_keep_the_bar_and_the_loss() -> None:
    assert show(width=40, unicode=False) == "digits #----- 120/460  loss 0.432"


def test_what_is_not_known_yet_is_left_out() -> None:
    early = ProgressPoint(0, 460, 0, 20, math.nan, math.nan, math.nan, math.nan)
    line = show_point(early, name="digits", width=120, seconds_left=None, unicode=True)
    assert "val" not in line
    assert "left" not in line


def test_a_loss_that_is_nan_is_shown() -> None:
    assert "loss nan" in show(ProgressPoint(5, 10, 0, 1, math.nan, math.nan, math.nan, math.inf))


@pytest.mark.parametrize(
    ("done", "planned", "bar"), [(0, 4, "--"), (2, 4, "#-"), (4, 4, "##"), (9, 4, "##"), (0, 0, "##")]
)
def test_bar(done: int, planned: int, bar: str) -> None:
    assert draw_bar(done, planned, width=2, unicode=False) == bar
