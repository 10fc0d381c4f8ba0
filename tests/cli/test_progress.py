"""Tests of progress on standard error."""

from __future__ import annotations

import math

import pytest

from gradcheck_cli.cli.progress import LiveProgress, PlainProgress, make_progress
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.recording.progress import Progress, ProgressPoint
from tests.cli.streams import Stream
from tests.histories import make_description


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def at(step: int, *, of: int = 100) -> ProgressPoint:
    return ProgressPoint(step, of, 0, 10, 0.5, math.nan, math.nan, 1.0)


@pytest.mark.parametrize(
    ("stream", "quiet", "environ", "kind"),
    [
        (Stream(terminal=True), False, {}, LiveProgress),
        (Stream(terminal=True), False, {"CI": "true"}, PlainProgress),
        (Stream(terminal=True), False, {"TERM": "dumb"}, PlainProgress),
        (Stream(), False, {}, PlainProgress),
        (Stream(terminal=True), True, {}, type(None)),
    ],
)
def test_who_sees_what(stream: Stream, quiet: bool, environ: dict[str, str], kind: type[Progress | None]) -> None:
    assert type(make_progress(stream, quiet=quiet, environ=environ)) is kind


def test_plain_lines_come_about_every_tenth_of_a_long_run() -> None:
    stream, clock = Stream(), Clock()
    watch = PlainProgress(stream, clock=clock)
    watch.started(make_description(), 100)
    for step in range(1, 101):
        clock.now += 2.0
        watch.advanced(at(step))
    watch.finished(RunStatus.COMPLETED)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "example: training 100 steps"
    assert lines[-1] == "example: completed"
    assert 10 <= len(lines) <= 32
    assert "\r" not in stream.getvalue()


def test_a_run_that_never_began_does_not_end() -> None:
    stream = Stream()
    watch = PlainProgress(stream)
    watch.finished(RunStatus.FAILED)
    watch.started(make_description(), 100)
    watch.finished(RunStatus.FAILED)
    watch.finished(RunStatus.FAILED)
    assert stream.getvalue().splitlines() == ["example: training 100 steps", "example: failed"]


def test_a_name_is_no_command_to_github() -> None:
    stream = Stream()
    PlainProgress(stream).started(make_description(name=" ::error::x"), 100)
    assert stream.getvalue() == "error::x: training 100 steps\n"


def test_a_run_of_a_second_says_little() -> None:
    stream, clock = Stream(), Clock()
    watch = PlainProgress(stream, clock=clock)
    watch.started(make_description(), 100)
    for step in range(1, 101):
        clock.now += 0.005
        watch.advanced(at(step))
    watch.finished(RunStatus.COMPLETED)
    assert len(stream.getvalue().splitlines()) == 2


def test_a_slow_run_is_heard_of_every_ten_seconds() -> None:
    stream, clock = Stream(), Clock()
    watch = PlainProgress(stream, clock=clock)
    watch.started(make_description(), 1_000_000)
    for step in range(60):
        clock.now += 1.0
        watch.advanced(at(step, of=1_000_000))
    assert len(stream.getvalue().splitlines()) == 1 + 6


def test_the_live_line_is_drawn_over_and_wiped() -> None:
    stream, clock = Stream(terminal=True), Clock()
    watch = LiveProgress(stream, clock=clock)
    watch.started(make_description(), 100)
    for step in (1, 50, 100):
        clock.now += 1.0
        watch.advanced(at(step))
    watch.finished(RunStatus.COMPLETED)
    drawn = stream.getvalue()
    assert "\n" not in drawn
    assert drawn.count("\r") == 5
    assert drawn.split("\r")[-2].strip() == ""
    assert drawn.endswith("\r")


def test_the_live_line_is_not_drawn_more_than_ten_times_a_second() -> None:
    stream, clock = Stream(terminal=True), Clock()
    watch = LiveProgress(stream, clock=clock)
    watch.started(make_description(), 1000)
    for step in range(1000):
        clock.now += 0.001
        watch.advanced(at(step, of=1000))
    assert stream.getvalue().count("\r") <= 11


def test_time_left_is_told_by_the_pace_of_the_steps_alone() -> None:
    stream, clock = Stream(terminal=True), Clock()
    watch = LiveProgress(stream, clock=clock)
    watch.started(make_description(), 100)
    clock.now = 1000.0
    watch.advanced(at(10))
    clock.now += 5.0
    watch.advanced(at(20))
    first, second = stream.getvalue().split("\r")[1:]
    assert "left" not in first
    assert "40s left" in second


def test_an_interrupted_run_says_that_a_report_follows() -> None:
    stream = Stream(terminal=True)
    watch = LiveProgress(stream)
    watch.started(make_description(), 100)
    watch.finished(RunStatus.INTERRUPTED)
    assert "interrupted" in stream.getvalue()


def test_a_terminal_that_has_gone_does_not_end_the_run() -> None:
    stream = Stream()
    watch = PlainProgress(stream)
    stream.close()
    watch.started(make_description(), 100)
    watch.finished(RunStatus.COMPLETED)
