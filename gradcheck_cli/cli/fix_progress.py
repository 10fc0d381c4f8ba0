"""Progress of a search for a fix on standard error: what is tried, what leads, and how long it may take."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from typing import IO

from gradcheck_cli.cli.choices import Color
from gradcheck_cli.cli.console import make_page
from gradcheck_cli.cli.live_line import draw_bar, show_time
from gradcheck_cli.cli.progress import Clock, StatusLine, show_name, wants_live_line
from gradcheck_cli.fixing.watching import NOBODY, Watcher
from gradcheck_cli.reporters.printable import make_line

_BAR_WIDTH = 10


def make_watcher(stream: IO[str], *, quiet: bool, environ: Mapping[str, str] | None = None) -> Watcher:
    """What fits the stream."""
    if quiet:
        return NOBODY
    return (
        LiveWatcher(stream)
        if wants_live_line(stream, os.environ if environ is None else environ)
        else PlainWatcher(stream)
    )


class _SearchWatch(StatusLine):
    """What both kinds share: how the search stands."""

    def __init__(self, stream: IO[str], *, clock: Clock = time.monotonic) -> None:
        super().__init__(stream)
        self._clock = clock
        self._name, self._leader, self._budget, self._spent = "", "", 0.0, 0.0
        self._first: tuple[float, float] | None = None

    def started(self, name: str, *, budget: float) -> None:
        """Remember the name and what may be spent."""
        self._name, self._leader, self._budget, self._spent = show_name(name), "", budget, 0.0
        self._first = None

    def tried(self, label: str, metric: float, *, spent: float) -> None:
        """Keep the account."""
        if self._first is None:
            self._first = (self._clock(), spent)
        self._spent = spent

    def leads(self, label: str, metric: float) -> None:
        """Remember the leader."""
        self._leader = f"{label} {_show_metric(metric)}"

    def _show_time_left(self) -> str:
        """At most so long, if the whole budget is used, by the pace so far."""
        if self._first is None or self._spent <= self._first[1]:
            return ""
        began, spent = self._first
        pace = (self._clock() - began) / (self._spent - spent)
        return f"at most {show_time(pace * max(self._budget - self._spent, 0.0))} left"


class LiveWatcher(_SearchWatch):
    """One line, drawn over and over, and wiped at the end."""

    def trying(self, label: str, *, stage: str) -> None:
        """Show what is being tried."""
        page = make_page(self._stream, color=Color.NEVER)
        share = round(100 * min(self._spent / self._budget, 1.0))
        bar = draw_bar(share, 100, width=_BAR_WIDTH, unicode=page.unicode)
        parts = [f"{self._name} {bar}", self._show_time_left(), f"{stage}: {label}"]
        parts += [f"best: {self._leader}"] if self._leader else []
        self.draw("  ".join(filter(None, parts))[: page.width - 1])

    def finished(self) -> None:
        """Wipe the line."""
        self.wipe()


class PlainWatcher(_SearchWatch):
    """A line for each run that has ended."""

    def __init__(self, stream: IO[str], *, clock: Clock = time.monotonic) -> None:
        super().__init__(stream, clock=clock)
        self._stage = ""

    def started(self, name: str, *, budget: float) -> None:
        """Say what begins."""
        super().started(name, budget=budget)
        self.write(f"{self._name}: looking for a fix, at most {budget:g} full runs\n")

    def trying(self, label: str, *, stage: str) -> None:
        """Remember what the next results are of."""
        self._stage = stage

    def tried(self, label: str, metric: float, *, spent: float) -> None:
        """Say how a run ended."""
        super().tried(label, metric, spent=spent)
        left = self._show_time_left()
        ending = f", {left}" if left else ""
        self.write(
            f"{self._name}: {self._stage}, {make_line(label)}: {_show_metric(metric)}"
            f" ({spent:.1f} of {self._budget:g} runs{ending})\n"
        )

    def finished(self) -> None:
        """Nothing to wipe."""


def _show_metric(metric: float) -> str:
    return "failed" if math.isnan(metric) else f"{metric:.3f}"
