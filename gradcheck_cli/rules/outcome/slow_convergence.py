"""GC305: the training loss was still falling fast when the run ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History, Outcome
from gradcheck_cli.rules.base import Evidence, Finding, Fix
from gradcheck_cli.rules.fixes.recipes import speed_up
from gradcheck_cli.rules.outcome.decision import PROMISING_FALL, RunOutcome, predicted_fall, settled_loss
from gradcheck_cli.rules.outcome.outcome_rule import OutcomeRule
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class SlowConvergence(OutcomeRule):
    """Slow convergence.

    ## What it detects
    A run that ends while its training loss is still falling fast.

    ## Why it matters
    The network could be much better than it is; the result says little about its design.

    ## How it decides
    The run is harmed, its training loss is below trivial, and a line in log(step) through the last third of the epochs
    predicts that as many steps again would lower it by more than a tenth of the trivial loss. The line is fitted so
    that single spikes do not tilt it, and a slope that is no larger than its noise predicts nothing.

    ## Fixes and their safety
    A higher learning rate, Adam, momentum (safe); more epochs (unsafe: they cost time).

    ## When to ignore it
    When the budget of steps was cut short on purpose.

    ## References
    Smith 2018, "A disciplined approach to neural network hyper-parameters".
    """

    code: ClassVar[str] = "GC305"
    name: ClassVar[str] = "slow-convergence"
    summary: ClassVar[str] = "The training loss was still falling fast when the run ended."
    aliases: ClassVar[tuple[str, ...]] = ()
    outcome: ClassVar[RunOutcome] = RunOutcome.SLOW
    why: ClassVar[str] = "The network could be much better than it is. The steps are too small or too few."

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return speed_up(config)

    def describe(self, run: History, outcome: Outcome) -> str:
        return (
            "The training loss was still falling fast when the run ended."
            f" As many steps again would lower it from {show_number(settled_loss(run))} by about"
            f" {show_number(predicted_fall(run) * outcome.trivial_train_loss)}."
        )

    def gather(self, run: History, outcome: Outcome) -> tuple[Evidence, ...]:
        return (
            Evidence("predicted fall over the trivial loss", predicted_fall(run), PROMISING_FALL, "ratio"),
            Evidence("final training loss", settled_loss(run), outcome.trivial_train_loss, "loss"),
        )
