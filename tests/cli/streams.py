"""Streams that claim to be a terminal or not."""

from __future__ import annotations

from io import StringIO


class Stream(StringIO):
    """Text in memory with a width and an encoding of its own."""

    def __init__(self, *, terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal, self._encoding = terminal, encoding

    @property
    def encoding(self) -> str:
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal
