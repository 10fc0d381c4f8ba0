"""What came of looking for a fix, as data; `fixing` fills it in, every output format reads it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gradcheck_cli.rules.base import Finding, Safety, Spread, Verdict

DEFAULT_BUDGET = 12.0
"""Full-length runs (design 4 §4)."""
FIXED_FILE = "fixed.yaml"
"""The chosen config in the run's folder."""


class FixOutcome(StrEnum):
    """How a search for a fix ended (contracts §4)."""

    FIXED = "fixed"
    IMPROVED = "improved"
    NOTHING_WORKED = "nothing-worked"
    NOTHING_TO_FIX = "nothing-to-fix"


@dataclass(frozen=True)
class Attempt:
    """One change, or several together, that was tried.

    Attributes:
        titles: Of the fixes applied, in order.
        safety: Unsafe where one of them is.
        rule: Code of the finding that suggested the last of them.
        share: Of a full-length run, for which it was trained on the search seed.
        metric: Validation metric that it reached there; NaN where there is none.
        failed: Why it could not be trained to an end; empty where it could.
        verdict: What fresh seeds showed; None for one that was left behind in the race.
        text: The whole config with it.
    """

    titles: tuple[str, ...]
    safety: Safety
    rule: str
    share: float
    metric: float
    failed: str = ""
    verdict: Verdict | None = None
    text: str = ""


@dataclass(frozen=True)
class FixReport:
    """The search for a fix of one config.

    Attributes:
        applied: Titles of the fixes in the chosen config; empty where there is none.
        remaining: Errors and warnings that are left in it, worst first; as in a run of several seeds, an error needs
            half of them.
        output: Where it was written; None where it was not.
        before, after: Validation metric of the original and of the chosen config over the fresh seeds.
        validation_loss_before, validation_loss_after: The same of the final validation loss.
        cost: Full-length training runs spent: optimizer steps over those planned for the original.
        budget: The most that they could be.
        metric: Validation metric of the original on the search seed; NaN where it has none.
        attempts: All that was tried, in the order of trying.
        chosen: The one among them that was proven; None where none was.
        withheld: A proven one that is unsafe, where only safe ones were asked for.
        best: The best one that was not proven, where none was.
        notes: Plain sentences on the search.
    """

    outcome: FixOutcome
    cost: float
    applied: tuple[str, ...] = ()
    remaining: tuple[Finding, ...] = ()
    output: Path | None = None
    before: Spread | None = None
    after: Spread | None = None
    validation_loss_before: Spread | None = None
    validation_loss_after: Spread | None = None
    metric: float = float("nan")
    budget: float = math.inf
    attempts: tuple[Attempt, ...] = ()
    chosen: Attempt | None = None
    withheld: Attempt | None = None
    best: Attempt | None = None
    notes: tuple[str, ...] = ()
