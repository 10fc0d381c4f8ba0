from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck_cli.config.comments import find_comments
from gradcheck_cli.config.composer import compose
from gradcheck_cli.errors import ConfigError

MARK = re.compile("#x")


def found(text: str) -> list[tuple[str, int, int]]:
    return [(comment.text, comment.line, comment.target) for comment in find_comments(text, MARK)]


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ("a: 1 #x one\n", [("#x one", 1, 1)]),
        ("#x\na: 1\n", [("#x", 1, 2)]),
        ("#x\n\n# other\n  #x two\r\na: 1\n", [("#x", 1, 5), ("#x two", 4, 5)]),
        ("a: [1, #x\n  2] #x\n", [("#x", 1, 1), ("#x", 2, 2)]),
        ("a:\n  - b\n  #x end\n", [("#x end", 3, 3)]),
        ("\ufeff#x\na: 1\n", [("#x", 1, 2)]),
        ("a: 1#x\nb: 'c #x'\n'd #x': \"#x\"\n", []),
        ("a: |\n  #x text\n  more\nb: >-\n  t #x\n#x last\n", [("#x last", 6, 6)]),
        ("a: &b {c: d} #x\ne: *b #x\n", [("#x", 1, 1), ("#x", 2, 2)]),
        ("a: plain\n  over lines #x\n", [("#x", 2, 2)]),
        ("", []),
        ("#x alone\n", []),
    ],
)
def test_comments_and_the_lines_they_speak_of(text: str, comments: list[tuple[str, int, int]]) -> None:
    assert found(text) == comments


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["a", " ", "\n", "#x", ": ", "'", '"', "- ", "[", "]", "|", ","]), max_size=24).map(
        "".join
    )
)
def test_taking_the_comments_out_leaves_the_same_document(text: str) -> None:
    try:
        tree = compose(text)
    except ConfigError:
        return
    comments = list(find_comments(text, MARK))
    if tree is None:
        assert comments == []
        return
    lines = text.split("\n")
    for comment in comments:
        line = lines[comment.line - 1]
        assert line.rstrip().endswith(comment.text)
        lines[comment.line - 1] = line.rstrip().removesuffix(comment.text)
    without = compose("\n".join(lines))
    assert without is not None
    assert (type(without.root), without.root.size) == (type(tree.root), tree.root.size)
