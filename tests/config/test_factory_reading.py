"""Names of the user's own code in a config, and of packages on the command line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.config.factory_reading import read_packages
from gradcheck_cli.errors import UsageError
from tests.config.configs import load, problems_of

FACTORY = {"factory": "pkg.nets:Net.small", "args": {"depth": 3, "names": ["a"], "inner": {"p": 0.5}}}


def test_a_factory_and_its_arguments_are_read() -> None:
    model = load(model=FACTORY).model
    assert (model.factory, model.args) == (FACTORY["factory"], FACTORY["args"])
    assert model.layers == ()
    assert load(model={"factory": "nets:build"}).model.args == {}


def test_a_data_factory_and_its_arguments_are_read() -> None:
    data = load(data={"type": "python", "factory": "pkg:rows", "args": {"n": 3}, "standardize": True}).data
    assert data.arguments == {"factory": "pkg:rows", "args": {"n": 3}}
    assert data.standardize
    assert load(data={"type": "python", "factory": "pkg:rows"}).data.arguments["args"] == {}


def test_rows_of_a_factory_may_hold_validation_rows() -> None:
    stopping = {"epochs": 1, "early_stopping": {"patience": 1}}
    data = {"type": "python", "factory": "pkg:rows", "val_fraction": 0}
    assert load(data=data, trainer=stopping).trainer.early_stopping is not None


@given(st.text(max_size=20))
def test_no_text_but_a_name_is_a_factory(text: str) -> None:
    found = problems_of(model={"factory": text})
    names = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
    assert bool(found) == (re.fullmatch(f"{names}:{names}", text) is None or re.search(r"\.py\b", text) is not None)


def test_packages_are_taken_as_they_are() -> None:
    assert read_packages(["pkg", "other.part"]) == ("pkg", "other.part")


@pytest.mark.parametrize(
    ("name", "hint"), [("nets.py", "write 'nets'"), ("./nets", "write 'nets'"), ("a/b", "write 'a.b'"), ("a b", "")]
)
def test_what_is_no_package_is_refused(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"{name!r} is not the name of a package")) as caught:
        read_packages([name])
    assert hint in str(caught.value)
