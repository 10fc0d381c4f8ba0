"""What a way of repairing a config starts from and what it leaves; it repairs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.config.schema import Config
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.recording.history import History

THREADS = ("trainer.threads=1",)
"""Of every run, so that runs beside it get what they need."""


class Outcome(StrEnum):
    """What came of one way of repairing."""

    APPLIED = "applied"
    NO_CANDIDATE = "no candidate"  # nothing that can be changed
    TOO_DEAR = "too dear"  # the budget is spent before the first candidate
    NONE_USABLE = "none usable"  # every candidate ended as NaN or Inf, or was refused
    NOT_BETTER = "not better"  # no higher than the original on the fresh seeds
    UNREADABLE = "unreadable"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Remedy:
    """A repaired config.

    Attributes:
        text: The whole config; None where nothing is applied.
        titles: Of what was applied, or of what came nearest.
        cost: In full-length runs of the original.
        note: What else is to be said, in words.
    """

    outcome: Outcome
    cost: float
    text: str | None = None
    titles: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Patient:
    """A config with its first run.

    Attributes:
        seed: Of the search.
    """

    text: str
    seed: int
    history: History
    first: Result

    @property
    def config(self) -> Config:
        """As it is trained."""
        return read(self.text)


def read(text: str) -> Config:
    """The config that a text holds."""
    return load_config(parse_document(text, source="", overrides=THREADS))
