"""What a report is drawn on: width, colour, signs; it knows nothing of the report."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck_cli.reporters.symbols import ASCII, UNICODE, Symbols

NARROWEST = 40
WIDEST = 120


@dataclass(frozen=True)
class Page:
    """How to draw a report.

    Attributes:
        width: Columns; what is given is kept between 40 and 120, because longer lines are hard to read.
        color: A rich colour system (`standard`, `256`, `truecolor`), None for plain text without control characters.
        unicode: False where the output cannot encode block and braille characters.
        verbose: Show every layer, every rule and every fix.
    """

    width: int = 80
    color: str | None = None
    unicode: bool = True
    verbose: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", min(max(self.width, NARROWEST), WIDEST))

    @property
    def symbols(self) -> Symbols:
        """The signs to draw with."""
        return UNICODE if self.unicode else ASCII
