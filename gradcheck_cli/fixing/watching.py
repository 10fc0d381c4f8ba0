"""What a search for a fix tells whoever watches it; it shows nothing itself."""

from __future__ import annotations

from typing import Protocol


class Watcher(Protocol):
    """Somebody who watches a search."""

    def started(self, name: str, *, budget: float) -> None:
        """The search for a fix of one config begins."""

    def trying(self, label: str, *, stage: str) -> None:
        """A run begins: of which change, and what for."""

    def tried(self, label: str, metric: float, *, spent: float) -> None:
        """A run has ended; `spent` is the cost so far, in full-length runs."""

    def leads(self, label: str, metric: float) -> None:
        """Which change is the best so far."""

    def finished(self) -> None:
        """The search has ended."""


class _Nobody:
    def started(self, name: str, *, budget: float) -> None:
        """Not watched."""

    def trying(self, label: str, *, stage: str) -> None:
        """Not watched."""

    def tried(self, label: str, metric: float, *, spent: float) -> None:
        """Not watched."""

    def leads(self, label: str, metric: float) -> None:
        """Not watched."""

    def finished(self) -> None:
        """Not watched."""


NOBODY: Watcher = _Nobody()
