"""Tests of fixes as stretches of lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import Edit, EditOp
from gradcheck_cli.config.lines import split_lines
from gradcheck_cli.reporters.replacements import (
    Replacement,
    apply_fix,
    find_replacements,
    span_replacements,
)
from tests.histories import make_fix, make_report

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "d\r", "\n", "é\n"]), max_size=8).map("".join)
ENDS = st.sampled_from(["", "x", "y"])


def replace_lines(text: str, replacements: tuple[Replacement, ...]) -> str:
    lines = split_lines(text)
    for replacement in reversed(replacements):
        lines[replacement.first - 1 : replacement.end - 1] = [replacement.text]
    return "".join(lines)


@given(TEXTS, ENDS, TEXTS, ENDS)
def test_replacements_lead_from_one_text_to_the_other(before: str, end: str, after: str, other_end: str) -> None:
    old, new = before + end, after + other_end
    replacements = find_replacements(old, new)
    assert replace_lines(old, replacements) == new
    assert bool(replacements) is (old != new)


@given(TEXTS, ENDS, TEXTS, ENDS)
def test_one_replacement_for_all_does_the_same(before: str, end: str, after: str, other_end: str) -> None:
    old, new = before + end or "z\n", after + other_end
    replacements = find_replacements(old, new)
    if replacements:
        whole = span_replacements(old, replacements)
        assert whole.end > whole.first >= 1
        assert replace_lines(old, (whole,)) == new


@given(st.text(alphabet="ab\r\n\x85\u2028"))
def test_lines_are_the_whole_text(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert all(lines)


def test_a_byte_order_mark_is_no_part_of_the_lines() -> None:
    assert find_replacements("\ufeffa\nb\n", "\ufeffa\nc\n") == (Replacement(2, 3, "c\n"),)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((Edit(EditOp.SET, "seed", 2),), "seed: 2\nloss: X\n"),
        ((), None),
        ((Edit(EditOp.SET, "seed.inner[3]", 2),), None),
    ],
)
def test_fixes_that_fit_and_fixes_that_do_not(edits: tuple[Edit, ...], expected: str | None) -> None:
    document = parse_document("seed: 1\nloss: X\n", source="a.yaml")
    (run,) = make_report(document=document).runs
    assert apply_fix(make_fix(edits=edits), run) == expected


def test_without_a_text_there_is_nothing_to_apply() -> None:
    (run,) = make_report().runs
    assert apply_fix(make_fix(edits=(Edit(EditOp.SET, "seed", 2),)), run) is None
