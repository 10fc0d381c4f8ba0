"""What the outcome rules share: each fires where the common decision names it, which is taken elsewhere."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gradcheck_cli.recording.history import History, Outcome
from gradcheck_cli.rules.base import Evidence, Family, Finding, Need, Rule
from gradcheck_cli.rules.outcome.decision import RunOutcome, decide_outcome


@dataclass(frozen=True)
class OutcomeRule(Rule):
    """A rule that names how a harmed run ended."""

    family: ClassVar[Family] = Family.OUTCOME
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.EPOCHS, Need.OUTCOME})
    only_with_harm: ClassVar[bool] = True
    outcome: ClassVar[RunOutcome]
    why: ClassVar[str]

    def check(self, run: History) -> Iterator[Finding]:
        if run.outcome is not None and decide_outcome(run) is self.outcome:
            yield Finding(
                rule=self.code,
                name=self.name,
                message=self.describe(run, run.outcome),
                why=self.why,
                evidence=self.gather(run, run.outcome),
            )

    @abstractmethod
    def describe(self, run: History, outcome: Outcome) -> str:
        """The message of the finding."""

    @abstractmethod
    def gather(self, run: History, outcome: Outcome) -> tuple[Evidence, ...]:
        """The evidence of the finding."""
