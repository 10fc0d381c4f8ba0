from __future__ import annotations

import pytest

from gradcheck_cli.rules.wording import join_layers, show_number


@pytest.mark.parametrize(
    ("names", "phrase"),
    [
        ((), "the network"),
        (("a",), "a"),
        (("a", "b"), "a and b"),
        (("a", "b", "c"), "a, b and c"),
        (("a", "b", "c", "d"), "a to d"),
    ],
)
def test_layers_in_one_phrase(names: tuple[str, ...], phrase: str) -> None:
    assert join_layers(names) == phrase


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.12345, "0.123"),
        (123.4, "123"),
        (1234.5, "1234"),
        (2e-4, "2.0e-04"),
        (5e6, "5.0e+06"),
        (-0.5, "-0.5"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert show_number(value) == text


def test_numbers_that_are_not_finite() -> None:
    assert show_number(float("nan")) == "nan"
    assert show_number(float("inf")) == "inf"
