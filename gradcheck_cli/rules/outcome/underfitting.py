"""GC402: the network has stopped improving far from what the data allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History, Outcome
from gradcheck_cli.rules.base import Evidence, Finding, Fix
from gradcheck_cli.rules.fixes.recipes import add_capacity
from gradcheck_cli.rules.outcome.decision import PROMISING_FALL, RunOutcome, predicted_fall, settled_loss
from gradcheck_cli.rules.outcome.outcome_rule import OutcomeRule
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class Underfitting(OutcomeRule):
    """Underfitting.

    ## What it detects
    A run whose training loss has settled, while simple methods do better on the same data.

    ## Why it matters
    The network, as it is built and regularised, cannot represent what the data hold.

    ## How it decides
    The run is harmed, its training loss is below trivial, and more steps would not lower it by much. One outcome is
    named for each harmed run.

    ## Fixes and their safety
    Less weight decay, less L1 (safe); less dropout, wider layers (unsafe: they change the network).

    ## When to ignore it
    When the network is meant to be this small.

    ## References
    Goodfellow, Bengio and Courville 2016, "Deep Learning", section 5.2.
    """

    code: ClassVar[str] = "GC402"
    name: ClassVar[str] = "underfitting"
    summary: ClassVar[str] = "The network has stopped improving far from what the data allow."
    aliases: ClassVar[tuple[str, ...]] = ("Underfit",)
    outcome: ClassVar[RunOutcome] = RunOutcome.UNDERFITTING
    why: ClassVar[str] = "The network, as it is built and regularised, cannot represent what the data hold."

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return add_capacity(config)

    def describe(self, run: History, outcome: Outcome) -> str:
        return (
            "The network has stopped improving far from what the data allow."
            f" Its training loss settled at {show_number(settled_loss(run))}, and its training"
            f" {outcome.metric_name.replace('_', ' ')} at {show_number(outcome.train_metric)}."
        )

    def gather(self, run: History, outcome: Outcome) -> tuple[Evidence, ...]:
        return (
            Evidence("predicted fall over the trivial loss", predicted_fall(run), PROMISING_FALL, "ratio"),
            Evidence("training metric", outcome.train_metric, None, outcome.metric_name),
        )
