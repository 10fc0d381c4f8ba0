"""Config paths and their steps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck_cli.config.paths import PathError, Steps, join_path, normalize_steps, split_path


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", ()),
        ("seed", ("seed",)),
        ("model.layers[0].layers[2].weight_init.std", ("model", "layers", 0, "layers", 2, "weight_init", "std")),
        ("model.branches[1][0]", ("model", "branches", 1, 0)),
        ("diagnostics.rules.vanishing-gradient", ("diagnostics", "rules", "vanishing-gradient")),
        ('data["a.b"].c', ("data", "a.b", "c")),
        ('["x y"]', ("x y",)),
    ],
)
def test_splits_and_joins(path: str, steps: Steps) -> None:
    assert split_path(path) == steps
    assert join_path(steps) == path


@pytest.mark.parametrize(
    "path", [".", "a..b", "a.", ".a", "a[", "a[x]", "a[-1]", "a[]", "a.[0]", "a b", "a]b", 'a["x]']
)
def test_refuses_what_is_not_a_path(path: str) -> None:
    with pytest.raises(PathError, match="not a config path"):
        split_path(path)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.text(max_size=5) | st.integers(0, 999), max_size=5).map(tuple))
def test_any_steps_survive_being_written(steps: Steps) -> None:
    assert split_path(join_path(steps)) == steps


def test_digits_are_an_index_only_in_a_list() -> None:
    data = {"layers": [{"0": "x"}]}
    assert normalize_steps(("layers", "0", "0"), data) == ("layers", 0, "0")
    assert normalize_steps(("missing", "0"), data) == ("missing", "0")
