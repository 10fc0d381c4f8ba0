"""Tests of the progress of a search on standard error."""

from __future__ import annotations

import math

import pytest

from gradcheck_cli.cli.fix_progress import LiveWatcher, PlainWatcher, make_watcher
from gradcheck_cli.fixing.watching import NOBODY, Watcher
from tests.cli.streams import Stream
from tests.cli.test_progress import Clock


@pytest.mark.parametrize(
    ("stream", "quiet", "environ", "kind"),
    [
        (Stream(terminal=True), False, {}, LiveWatcher),
        (Stream(terminal=True), False, {"CI": "true"}, PlainWatcher),
        (Stream(terminal=True), False, {"TERM": "dumb"}, PlainWatcher),
        (Stream(), False, {}, PlainWatcher),
        (Stream(terminal=True), True, {}, type(NOBODY)),
    ],
)
def test_who_sees_what(stream: Stream, quiet: bool, environ: dict[str, str], kind: type[Watcher]) -> None:
    assert type(make_watcher(stream, quiet=quiet, environ=environ)) is kind


def search(watch: Watcher, clock: Clock) -> None:
    """Two short runs and a whole one, ten seconds each."""
    watch.started("example", budget=12)
    for label, metric, stage, spent in (
        ("Use Adam", 0.5, "short run", 1.25),
        ("Use ReLU", math.nan, "short run", 1.5),
        ("Use Adam", 0.9, "whole run", 2.5),
    ):
        watch.trying(label, stage=stage)
        clock.now += 10.0
        watch.tried(label, metric, spent=spent)
    watch.leads("Use Adam", 0.9)


def test_plain_lines_say_what_was_tried_and_how_it_ended() -> None:
    stream, clock = Stream(), Clock()
    watch = PlainWatcher(stream, clock=clock)
    search(watch, clock)
    watch.finished()
    assert stream.getvalue().splitlines() == [
        "example: looking for a fix, at most 12 full runs",
        "example: short run, Use Adam: 0.500 (1.2 of 12 runs)",
        "example: short run, Use ReLU: failed (1.5 of 12 runs, at most 7m00s left)",
        "example: whole run, Use Adam: 0.900 (2.5 of 12 runs, at most 2m32s left)",
    ]


def test_time_left_is_told_by_the_pace_since_the_first_result_and_is_never_negative() -> None:
    stream, clock = Stream(), Clock()
    watch = PlainWatcher(stream, clock=clock)
    clock.now = 1000.0
    watch.started("example", budget=3)
    for spent in (1.0, 2.0, 3.5):
        clock.now += 10.0
        watch.tried("Use Adam", 0.5, spent=spent)
    lines = stream.getvalue().splitlines()[1:]
    assert "left" not in lines[0]
    assert "at most 10s left" in lines[1]
    assert "at most 0s left" in lines[2]


def test_runs_that_cost_nothing_tell_no_time() -> None:
    stream, clock = Stream(), Clock()
    watch = PlainWatcher(stream, clock=clock)
    watch.started("example", budget=12)
    for _ in range(2):
        clock.now += 10.0
        watch.tried("Use Adam", math.nan, spent=0.0)
    assert "left" not in stream.getvalue()


def test_another_config_begins_anew() -> None:
    stream, clock = Stream(terminal=True), Clock()
    watch = LiveWatcher(stream, clock=clock)
    search(watch, clock)
    watch.finished()
    watch.started("other", budget=12)
    watch.trying("Use Adam", stage="short run")
    line = stream.getvalue().split("\r")[-1]
    assert line.startswith("other ")
    assert "best" not in line
    assert "left" not in line


def test_the_live_line_shows_trial_leader_and_time_and_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    stream, clock = Stream(terminal=True), Clock()
    watch = LiveWatcher(stream, clock=clock)
    search(watch, clock)
    watch.trying("Use ReLU", stage="proof")
    line = stream.getvalue().split("\r")[-1]
    assert line.startswith("example ")
    assert "at most 2m32s left" in line
    assert "proof: Use ReLU" in line
    assert "best: Use Adam 0.900" in line
    watch.finished()
    drawn = stream.getvalue()
    assert "\n" not in drawn
    assert drawn.split("\r")[-2].strip() == ""
    assert drawn.endswith("\r")


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
@pytest.mark.parametrize("width", [40, 80])
def test_the_live_line_is_never_as_wide_as_the_terminal(
    width: int, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    stream, clock = Stream(terminal=True, encoding=encoding), Clock()
    watch = LiveWatcher(stream, clock=clock)
    search(watch, clock)
    watch.trying("Use ReLU in place of the saturating activations, with weights drawn to match", stage="proof")
    watch.finished()
    assert max(map(len, stream.getvalue().split("\r"))) < width


def test_names_cannot_move_the_cursor() -> None:
    stream, clock = Stream(), Clock()
    watch = PlainWatcher(stream, clock=clock)
    watch.started("evil\x1b[2J\nname", budget=12)
    watch.tried("Use\r\x1b[31m Adam", 0.5, spent=1.0)
    assert "\x1b" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 2


def test_a_terminal_that_has_gone_does_not_end_the_search() -> None:
    stream, clock = Stream(), Clock()
    watch = PlainWatcher(stream, clock=clock)
    stream.close()
    search(watch, clock)
    watch.finished()
