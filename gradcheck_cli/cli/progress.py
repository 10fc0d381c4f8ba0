"""Progress on standard error: a live line on a terminal, plain lines elsewhere, or nothing at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import IO

from gradcheck_cli.cli.choices import Color
from gradcheck_cli.cli.console import is_terminal, make_page
from gradcheck_cli.cli.live_line import show_point
from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.recording.progress import Progress, ProgressPoint
from gradcheck_cli.reporters.printable import make_line

_REDRAW_SECONDS = 0.1
_SHORTEST_PAUSE = 1.0
_LONGEST_PAUSE = 10.0
_PLAIN_SHARE = 10

Clock = Callable[[], float]


def make_progress(stream: IO[str], *, quiet: bool, environ: Mapping[str, str] | None = None) -> Progress | None:
    """What fits the stream; None for none."""
    environ = os.environ if environ is None else environ
    if quiet:
        return None
    return LiveProgress(stream) if wants_live_line(stream, environ) else PlainProgress(stream)


def wants_live_line(stream: IO[str], environ: Mapping[str, str]) -> bool:
    """Whether a line can be drawn over and over: on a terminal that can move its cursor, outside CI."""
    return is_terminal(stream) and environ.get("TERM") != "dumb" and not environ.get("CI")


class StatusLine:
    """A stream that is written to as a courtesy: one that has gone ends nothing."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._drawn = 0

    def write(self, text: str) -> None:
        """Write and flush; a terminal that has gone must not end the training."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return

    def draw(self, line: str) -> None:
        """Write a line over the one drawn before."""
        self.write("\r" + line.ljust(self._drawn))
        self._drawn = len(line)

    def wipe(self) -> None:
        """Leave the line empty."""
        self.write("\r" + " " * self._drawn + "\r")
        self._drawn = 0


def show_name(name: str) -> str:
    """The name of a run at the start of a line: one with `::` there would be a command to GitHub Actions."""
    return make_line(name).lstrip(": ")


class _Watch(StatusLine):
    """What both kinds share: the name of the run, and how long it will still take."""

    def __init__(self, stream: IO[str], *, clock: Clock = time.monotonic) -> None:
        super().__init__(stream)
        self._clock = clock
        self._name, self._last = "", -float("inf")
        self._first: tuple[float, int] | None = None

    def started(self, description: RunDescription, planned_steps: int) -> None:
        """Remember the name."""
        self._name, self._last, self._first = show_name(description.name), -float("inf"), None

    def _seconds_left(self, point: ProgressPoint) -> float | None:
        """By the pace since the first point: what came before it, such as imports, happens once."""
        if self._first is None:
            self._first = (self._clock(), point.step)
        began, first_step = self._first
        if point.step <= first_step:
            return None
        return (self._clock() - began) / (point.step - first_step) * max(point.planned_steps - point.step, 0)


class LiveProgress(_Watch):
    """One line, drawn over and over, and wiped at the end."""

    def advanced(self, point: ProgressPoint) -> None:
        """Redraw, at most ten times a second."""
        now = self._clock()
        if now - self._last < _REDRAW_SECONDS:
            return
        self._last = now
        page = make_page(self._stream, color=Color.NEVER)
        # The last column stays free: some terminals wrap as soon as it is written.
        line = show_point(
            point,
            name=self._name,
            width=page.width - 1,
            seconds_left=self._seconds_left(point),
            unicode=page.unicode,
        )
        self.draw(line)

    def finished(self, status: RunStatus) -> None:
        """Wipe the line."""
        self.wipe()
        if status is RunStatus.INTERRUPTED:
            self.write(f"{self._name}: interrupted; Ctrl-C again quits without a report\n")


class PlainProgress(_Watch):
    """A line about every tenth of the run, and every ten seconds where a tenth takes longer."""

    def __init__(self, stream: IO[str], *, clock: Clock = time.monotonic) -> None:
        super().__init__(stream, clock=clock)
        self._tenth = 0

    def started(self, description: RunDescription, planned_steps: int) -> None:
        """Say what begins."""
        super().started(description, planned_steps)
        self._tenth, self._last = 0, self._clock()
        self.write(f"{self._name}: training {planned_steps:,} steps\n")

    def advanced(self, point: ProgressPoint) -> None:
        """A line where one is due; never two within a second."""
        pause = self._clock() - self._last
        tenth = _PLAIN_SHARE * point.step // max(point.planned_steps, 1)
        if pause < _SHORTEST_PAUSE or (tenth == self._tenth and pause < _LONGEST_PAUSE):
            return
        self._tenth, self._last = tenth, self._clock()
        self.write(f"{self._name}: {_show_plainly(point)}\n")

    def finished(self, status: RunStatus) -> None:
        """Say how it ended; nothing of a run that never began."""
        if self._name:
            self.write(f"{self._name}: {status.value}\n")
        self._name = ""


def _show_plainly(point: ProgressPoint) -> str:
    fields = [
        f"step {point.step:,} of {point.planned_steps:,}",
        f"loss {point.train_loss:.4g}",
        *([f"validation {point.validation_loss:.4g}"] if point.validation_loss == point.validation_loss else []),
        *([f"metric {point.metric:.4g}"] if point.metric == point.metric else []),
    ]
    return ", ".join(fields)
