"""GC302: the training loss ended above where it started."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History, Outcome
from gradcheck_cli.rules.base import Evidence, Finding, Fix
from gradcheck_cli.rules.fixes.recipes import lower_rate
from gradcheck_cli.rules.outcome.decision import RunOutcome, settled_loss
from gradcheck_cli.rules.outcome.outcome_rule import OutcomeRule
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class DivergingLoss(OutcomeRule):
    """Diverging loss.

    ## What it detects
    A training loss that ended above where it started, or that is not finite any more.

    ## Why it matters
    The run made the network worse than it was before the first step. Nothing it says about the data can be trusted.

    ## How it decides
    The run is harmed, and the evaluation-mode loss on the training slice ended above its start by more than 2 standard
    errors and by more than a tenth of the trivial loss, or is NaN or Inf. One outcome is named for each harmed run.

    ## Fixes and their safety
    A lower learning rate, clipping of the gradient norm, another optimizer (safe); standardised targets (unsafe).

    ## When to ignore it
    Never; but look first at the finding that explains it.

    ## References
    Goodfellow, Bengio and Courville 2016, "Deep Learning", section 8.3.
    """

    code: ClassVar[str] = "GC302"
    name: ClassVar[str] = "diverging-loss"
    summary: ClassVar[str] = "The training loss ended above where it started."
    aliases: ClassVar[tuple[str, ...]] = ("LossDiverges",)
    outcome: ClassVar[RunOutcome] = RunOutcome.DIVERGING
    why: ClassVar[str] = "The steps overshoot, and each makes the next one worse."

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return lower_rate(config)

    def describe(self, run: History, outcome: Outcome) -> str:
        start, end = outcome.initial_slice_loss, settled_loss(run)
        trivial = f"predicting a constant gives {show_number(outcome.trivial_train_loss)}."
        if not math.isfinite(start):
            return f"The training loss was NaN or Inf from the start. For comparison, {trivial}"
        if not math.isfinite(end):
            return f"The training loss ended as NaN or Inf. It started at {show_number(start)}, where {trivial}"
        return (
            "The training loss ended above where it started."
            f" It went from {show_number(start)} to {show_number(end)}, where {trivial}"
        )

    def gather(self, run: History, outcome: Outcome) -> tuple[Evidence, ...]:
        return (Evidence("final training loss", settled_loss(run), outcome.initial_slice_loss, "loss"),)
