"""Single values: how they are quoted, and which word was meant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.config.hints import TOP, hint_for_key, hint_for_type, hint_for_value
from gradcheck_cli.config.quoting import quote, suggest


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a'b", '"a\'b"'),
        ("x" * 100, "'" + "x" * 60 + "...'"),
        (None, "null"),
        (True, "true"),
        (0.25, "0.25"),
        (float("inf"), ".inf"),
        (float("nan"), ".nan"),
        (10**400, "a very large number"),
        ([1, [2, [3, [4]]]], "[1, [2, [...]]]"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, ...]"),
        ({"a": {"b": {"c": {}}}, 1: None}, "{a: {b: {...}}, 1: null}"),
    ],
)
def test_values_are_quoted_as_yaml_writes_them(value: Any, shown: str) -> None:
    assert quote(value) == shown


@given(st.recursive(st.none() | st.text() | st.floats(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_quotes_are_short(value: Any) -> None:
    assert len(quote(value)) < 10_000


def test_a_list_that_holds_itself_can_be_quoted() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert quote(endless) == "[[[...]]]"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("out_feature", "did you mean 'out_features'?"),
        ("OutFeatures", "did you mean 'out_features'?"),
        ("out-features", "did you mean 'out_features'?"),
        ("zzz", ""),
        (3, ""),
        ("", ""),
    ],
)
def test_suggestions(name: object, expected: str) -> None:
    assert suggest(name, ("in_features", "out_features", "bias")) == expected


def test_names_of_other_tools_go_before_likeness() -> None:
    assert hint_for_key("lr", TOP, ("lr_scheduler",)) == "write 'optimizer.lr'"
    assert hint_for_type("glorot_uniform", "initializers", ("uniform_", "xavier_uniform_")) == (
        "did you mean 'xavier_uniform_'?"
    )
    assert hint_for_value("GPU", ("cpu", "cuda")) == "did you mean 'cuda'?"
    assert hint_for_value("gpu", ("cpu",)) == "did you mean 'cpu'?"
