"""Tests of numbers as text."""

from __future__ import annotations

import math

import pytest

from gradcheck_cli.reporters.numbers import show_count, show_metric, show_number, show_seconds, show_share


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (0.0, "0"),
        (0, "0"),
        (12, "12"),
        (99_999, "99999"),
        (123_456, "1.2e+5"),
        (0.003, "0.003"),
        (0.0009996, "0.001"),
        (0.00042, "4.2e-4"),
        (-2.1e-9, "-2.1e-9"),
        (1e-300, "1.0e-300"),
        (1e12, "1.0e+12"),
        (3.14159, "3.14"),
        (1234.5, "1234"),
        (999.96, "1000"),
        (5e-324, "4.9e-324"),
        ("before step 1", "before step 1"),
        (True, "true"),
    ],
)
def test_numbers_have_three_digits(value: float | str | None, text: str) -> None:
    assert show_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.9999, ">99 %"), (1.0, "100 %"), (None, "-"), (math.nan, "nan")],
)
def test_shares_claim_all_or_nothing_only_where_exact(value: float | None, text: str) -> None:
    assert show_share(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.9, "0.900"), (-0.05, "-0.050"), (None, "-"), (math.nan, "nan"), (-1e9, "-1.0e+9")]
)
def test_metrics_have_three_decimals(value: float | None, text: str) -> None:
    assert show_metric(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (59.7, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations(value: float, text: str) -> None:
    assert show_seconds(value) == text


def test_counts_agree_with_their_noun() -> None:
    assert show_count(1, "step") == "1 step"
    assert show_count(1200, "step") == "1,200 steps"
    assert show_count(2, "class", "classes") == "2 classes"
