"""Streams that claim to be a terminal or not."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper


class Stream(TextIOWrapper):
    """Text in memory that claims to be a terminal or not."""

    def __init__(self, *, terminal: bool = False, encoding: str = "utf-8") -> None:
        self._bytes = BytesIO()
        super().__init__(self._bytes, encoding=encoding, newline="")
        self._terminal = terminal

    def getvalue(self) -> str:
        """What was written so far."""
        self.flush()
        return self._bytes.getvalue().decode(self.encoding)

    def isatty(self) -> bool:
        return self._terminal
