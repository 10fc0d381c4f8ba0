"""Tests of text made safe for a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.reporters.printable import make_line, make_printable


def test_escape_sequences_of_a_file_do_not_reach_the_terminal() -> None:
    assert make_line("\x1b[31mred\x1b]0;title\x07") == "\\x1b[31mred\\x1b]0;title\\x07"


def test_marks_that_reverse_a_line_are_shown() -> None:
    assert make_line("a\u202eb") == "a\\u202eb"


def test_ordinary_text_of_any_language_stays() -> None:
    assert make_line("Größe 层 é [bold]") == "Größe 层 é [bold]"


def test_lines_stay_lines_where_wanted() -> None:
    assert make_line("a\nb") == "a b"
    assert make_printable("a\n\tb") == "a\n    b"


@given(st.text())
def test_one_line_comes_out(text: str) -> None:
    line = make_line(text)
    assert len(line.splitlines()) <= 1
    assert line.isprintable() or not text.isprintable()
