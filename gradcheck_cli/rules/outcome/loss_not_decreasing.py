"""GC304: the training loss is no better than that of a constant output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History, Outcome
from gradcheck_cli.rules.base import Evidence, Finding, Fix
from gradcheck_cli.rules.fixes.recipes import search_rate
from gradcheck_cli.rules.outcome.decision import RunOutcome, settled_loss
from gradcheck_cli.rules.outcome.outcome_rule import OutcomeRule
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class LossNotDecreasing(OutcomeRule):
    """Loss not decreasing.

    ## What it detects
    A training loss that is no better at the end than that of the best constant output.

    ## Why it matters
    The network has learnt nothing from its inputs.

    ## How it decides
    The run is harmed, and the evaluation-mode loss on the training slice ended no more than 2 standard errors below the
    trivial loss, without having risen above its start. One outcome is named for each harmed run.

    ## Fixes and their safety
    A higher or lower learning rate, Adam, momentum (safe).

    ## When to ignore it
    When the budget of steps was cut short on purpose.

    ## References
    Amazon SageMaker Debugger, built-in rule LossNotDecreasing.
    """

    code: ClassVar[str] = "GC304"
    name: ClassVar[str] = "loss-not-decreasing"
    summary: ClassVar[str] = "The training loss is no better than that of a constant output."
    aliases: ClassVar[tuple[str, ...]] = ("LossNotDecreasing",)
    outcome: ClassVar[RunOutcome] = RunOutcome.NOT_DECREASING
    why: ClassVar[str] = "The network has learnt nothing from its inputs. A constant output would do as well."

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return search_rate(config)

    def describe(self, run: History, outcome: Outcome) -> str:
        return (
            "The training loss is no better than that of a constant output."
            f" It ended at {show_number(settled_loss(run))}; the best constant gives"
            f" {show_number(outcome.trivial_train_loss)}."
        )

    def gather(self, run: History, outcome: Outcome) -> tuple[Evidence, ...]:
        return (Evidence("final training loss", settled_loss(run), outcome.trivial_train_loss, "loss"),)
