"""What a search for a fix is after: the finding to be rid of, and how the original stands; it trains nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.diagnosis.causes import OUTCOMES
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.generalization.overfitting import RISE, Overfitting
from gradcheck_cli.rules.standing import margin

FIXABLE = (Severity.ERROR, Severity.WARNING)
"""Severities that are worth a search; a note asks for none."""
ENDINGS = (*OUTCOMES, Overfitting.code)
"""Codes of the findings of which every harmed run has one, if only to name how it ended."""
SHARE_OF_RISE = 0.5
"""Share of the rise of the validation loss that a fix of overfitting must undo (design 4 §3)."""
_OUTCOME = "outcome"


@dataclass(frozen=True)
class Target:
    """The first of the gravest findings, and what else must be known of the original.

    Attributes:
        rule, severity: Of that finding.
        errors: Kinds of the original's errors; the ways in which training can fail are one kind.
        harmed: Whether the original was harmed.
        by_loss: Whether it is a rise of the validation loss, which the metric may not show.
        refused: Whether the original could not be trained at all.
        highest_loss: With `by_loss`, the validation loss on the search seed that undoes enough of the rise; else inf.
    """

    rule: str
    severity: Severity
    errors: frozenset[str]
    harmed: bool
    by_loss: bool
    refused: bool
    highest_loss: float = math.inf

    @property
    def needs_gain(self) -> bool:
        """Whether a fix must make the network better: one that was harmed, or that is suspected, not one warned of."""
        return self.harmed or self.severity is Severity.INFO

    def is_gone(self, result: Result) -> bool:
        """Whether a run shows the finding no more, or as something lighter."""
        return not any(f.rule == self.rule and f.severity.rank <= self.severity.rank for f in result.findings)

    def is_absent(self, result: Result) -> bool:
        """Whether a run does not show the finding at all, so that its cause is gone and not only its cost."""
        return not any(finding.rule == self.rule for finding in result.findings)

    def adds_errors(self, result: Result) -> bool:
        """Whether a run has an error of a kind that the original had not.

        A harmed run always has one that names how it ended; when its cause is gone, another may be named.
        """
        known = self.errors | {_OUTCOME} if self.harmed else self.errors
        return not self.refused and not _kinds(result) <= known

    def is_met(self, result: Result) -> bool:
        """Whether nothing as grave as the finding is left in a run; beside a note, other notes may stay."""
        grave = (Severity.WARNING if self.severity is Severity.INFO else self.severity).rank
        return self.is_gone(result) and not any(finding.severity.rank <= grave for finding in result.findings)

    def is_done(self, result: Result) -> bool:
        """Whether a run on the search seed is what is looked for: the target is met, and a rise of the loss undone."""
        return self.is_met(result) and not result.validation_loss > self.highest_loss


def choose_target(original: Result) -> Target | None:
    """The target of a run; None where there is nothing to fix."""
    grave = [finding for finding in original.findings if finding.severity in FIXABLE] or _list_suspects(original)
    if not grave:
        return None
    first = grave[0]
    by_loss = first.rule == Overfitting.code and any(evidence.name == RISE for evidence in first.evidence)
    rise = original.validation_loss - original.best_validation_loss
    return Target(
        rule=first.rule,
        severity=first.severity,
        errors=_kinds(original),
        harmed=original.harmed is True,
        by_loss=by_loss,
        refused=bool(original.refused),
        highest_loss=original.validation_loss - SHARE_OF_RISE * rise if by_loss else math.inf,
    )


def _list_suspects(original: Result) -> list[Finding]:
    """Faults that became notes because no harm was proven, of a run that is below a cheap reference all the same.

    On few validation rows even a large shortfall proves nothing; whether the fault is the cause, a retraining shows.
    """
    if not original.metric < original.reference - margin(original.rows[1]):
        return []
    return [finding for finding in original.findings if finding.level is not Severity.INFO]


def list_grave(findings: Sequence[Finding], *, severity: Severity) -> tuple[Finding, ...]:
    """Findings at least as grave as `severity`, in their order, then the others that a search may look at."""
    grave = [finding for finding in findings if finding.severity.rank <= severity.rank]
    return (*grave, *(f for f in findings if f not in grave and f.severity in FIXABLE))


def _kinds(result: Result) -> frozenset[str]:
    return frozenset(_OUTCOME if code in ENDINGS else code for code in result.errors)
