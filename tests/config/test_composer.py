"""The fast and the slow parser give the same trees, and the bounds hold."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradcheck_cli.config.composer import MAX_DEPTH, MAX_VALUES, compose
from gradcheck_cli.config.document import parse_document
from gradcheck_cli.errors import ConfigError
from tests.config.written_documents import documents

ODD_PLACES = """\
a: [1, {b, c: , "d":}, [p: 1, q]]
l:
- &x
  z: 1  # z
-
- k: |
    text

  # after

  e: 'é😀'
- *x
- ? f
  : g
# end
"""


@settings(derandomize=True, deadline=None, max_examples=100)
@given(documents())
@example(({}, ODD_PLACES))
@example(({}, ODD_PLACES.replace("\n", "\r\n")))
def test_both_parsers_give_the_same_tree(written: tuple[dict[str, Any], str]) -> None:
    body = written[1].removeprefix("\ufeff")
    assert compose(body, loader=yaml.CSafeLoader) == compose(body, loader=yaml.SafeLoader)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#,?% \n\t\r0.<~@é\x00", max_size=40))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        document = parse_document(text, source="x")
    except ConfigError as error:
        for problem in error.problems:
            assert problem.message
            assert problem.line is not None or problem.message == "the file is empty"
    else:
        assert isinstance(document.data, dict)


def test_nesting_is_bounded() -> None:
    for opening, closing in ("[", "]"), ("{a: ", "}"):
        levels = MAX_DEPTH - 2
        assert compose(f"a: {opening * levels}1{closing * levels}") is not None
        with pytest.raises(ConfigError, match=f"more than {MAX_DEPTH} levels"):
            compose(f"a: {opening * 50_000}")


def test_aliases_count_with_what_they_stand_for() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
    with pytest.raises(ConfigError, match=f"more than {MAX_VALUES:,} values") as caught:
        compose("\n".join(lines))
    assert caught.value.problems[0].line == 6
    assert compose("\n".join(lines[:4])) is not None


def test_merge_keys_count_like_aliases() -> None:
    lines = ["a0: &a0 {" + ", ".join(f"k{i}: 1" for i in range(10)) + "}"]
    lines += [f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 10)}]}}" for level in range(1, 9)]
    with pytest.raises(ConfigError, match="values once its aliases"):
        compose("\n".join(lines))


def test_aliases_cannot_nest_without_bound() -> None:
    lines = ["a0: &a0 [1]"] + [f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, 120)]
    with pytest.raises(ConfigError, match=r"levels deep once \*a\d+ is written out"):
        compose("\n".join(lines))


def test_a_value_cannot_contain_itself() -> None:
    with pytest.raises(ConfigError, match="stands inside the value that it names"):
        compose("a: &a {b: [*a]}")
