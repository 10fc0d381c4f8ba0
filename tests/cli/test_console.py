"""Tests of width, colour and signs by stream and environment."""

from __future__ import annotations

import io
import sys

import pytest

from gradcheck_cli.cli.choices import Color
from gradcheck_cli.cli.console import make_page, open_missing_streams, wants_color, write_result
from gradcheck_cli.errors import OutputError
from tests.cli.streams import Stream

TERMINAL, PIPE = Stream(terminal=True), Stream()


@pytest.mark.parametrize(
    ("stream", "color", "environ", "wanted"),
    [
        (TERMINAL, Color.AUTO, {}, True),
        (PIPE, Color.AUTO, {}, False),
        (TERMINAL, Color.AUTO, {"NO_COLOR": "1"}, False),
        (TERMINAL, Color.AUTO, {"NO_COLOR": ""}, True),
        (TERMINAL, Color.AUTO, {"TERM": "dumb"}, False),
        (PIPE, Color.AUTO, {"FORCE_COLOR": "1"}, True),
        (PIPE, Color.AUTO, {"FORCE_COLOR": "0"}, False),
        (PIPE, Color.AUTO, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (PIPE, Color.ALWAYS, {"NO_COLOR": "1"}, True),
        (TERMINAL, Color.NEVER, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_who_gets_colour(stream: Stream, color: Color, environ: dict[str, str], wanted: bool) -> None:
    assert wants_color(stream, color, environ=environ) is wanted


@pytest.mark.parametrize(("columns", "width"), [("40", 40), ("200", 120), ("7", 40), ("", 80), ("wide", 80), ("0", 80)])
def test_width_follows_columns_within_reason(columns: str, width: int) -> None:
    assert make_page(PIPE, color=Color.AUTO, environ={"COLUMNS": columns}).width == width


@pytest.mark.parametrize(
    ("encoding", "unicode"), [("utf-8", True), ("ascii", False), ("cp1252", False), ("latin-1", False)]
)
def test_signs_follow_the_encoding(encoding: str, unicode: bool) -> None:
    assert make_page(Stream(encoding=encoding), color=Color.AUTO, environ={}).unicode is unicode


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not wants_color(stream, Color.AUTO, environ={})


def test_characters_that_the_encoding_lacks_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    write_result("naïve\n")
    assert stream.getvalue() == "na?ve\n"


def test_output_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(Stream):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(OutputError, match="standard output cannot be written: no space left on device"):
        write_result("text\n")


def test_streams_that_were_never_open_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    open_missing_streams()
    with sys.stdout:
        write_result("text\n")
