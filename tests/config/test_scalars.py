"""YAML 1.2 scalars are read and written as the standard says."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck_cli.config.kinds import same_data
from gradcheck_cli.config.scalars import misreading_hint, read_scalar, write_float


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("5e4", 50000.0),
        ("1E+2", 100.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-0.0", -0.0),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        (".nan", math.nan),
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("Null", None),
    ],
)
def test_reads_core_scalars(text: str, value: Any) -> None:
    assert same_data(read_scalar(text), value)
    assert not misreading_hint(text)


@pytest.mark.parametrize("text", ["ReLU", "1e", "e3", ".", "-", "0x", "tRuE", "1.2.3", "2024-01-01", "a_b", "fc1.0"])
def test_other_words_are_text_without_a_hint(text: str) -> None:
    assert read_scalar(text) == text
    assert not misreading_hint(text)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("010", "write 10, or 0o10"),
        ("-007", "write -7"),
        ("089", "write 89"),
        ("1_000", "write 1000"),
        ("1_000.5", "write 1000.5"),
        ("1:30", "base 60"),
        ("0b101", "write 5"),
        ("on", "write true"),
        ("No", "write false"),
        ("None", "write null"),
        ("inf", "write .inf"),
        ("nan", "write .nan"),
        ("0,5", "write 0.5"),
        ("1e999", "too large"),
        ("9" * 500, "too large"),
    ],
)
def test_what_other_readers_take_for_a_number_or_a_word_is_text_with_a_hint(text: str, advice: str) -> None:
    assert read_scalar(text) == text
    assert advice in misreading_hint(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-3, "1e-3"),
        (0.01, "0.01"),
        (0.1, "0.1"),
        (1.5e-4, "1.5e-4"),
        (100.0, "100.0"),
        (50000.0, "50000.0"),
        (1e6, "1e6"),
        (-2.5e-7, "-2.5e-7"),
        (0.0, "0.0"),
        (0.999, "0.999"),
        (math.nan, ".nan"),
        (-math.inf, "-.inf"),
    ],
)
def test_floats_are_short_and_readable(value: float, text: str) -> None:
    assert write_float(value) == text


@settings(derandomize=True, deadline=None)
@given(st.floats())
def test_every_float_reads_back_as_itself(value: float) -> None:
    assert same_data(read_scalar(write_float(value)), value)
