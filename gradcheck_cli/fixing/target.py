"""What a search for a fix is after: the finding to be rid of, and how the original stands; it trains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.diagnosis.causes import OUTCOMES
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.generalization.overfitting import RISE, Overfitting

FIXABLE = (Severity.ERROR, Severity.WARNING)
"""Severities that are worth a search; a note asks for none."""
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
    """

    rule: str
    severity: Severity
    errors: frozenset[str]
    harmed: bool
    by_loss: bool
    refused: bool

    def is_gone(self, result: Result) -> bool:
        """Whether a run shows the finding no more, or as something lighter."""
        return not any(f.rule == self.rule and f.severity.rank <= self.severity.rank for f in result.findings)

    def adds_errors(self, result: Result) -> bool:
        """Whether a run has an error of a kind that the original had not."""
        return not self.refused and not _kinds(result) <= self.errors

    def is_met(self, result: Result) -> bool:
        """Whether nothing as grave as the finding is left in a run."""
        return not any(finding.severity.rank <= self.severity.rank for finding in result.findings)


def choose_target(original: Result) -> Target | None:
    """The target of a run; None where there is nothing to fix."""
    grave = [finding for finding in original.findings if finding.severity in FIXABLE]
    if not grave:
        return None
    first = grave[0]
    return Target(
        rule=first.rule,
        severity=first.severity,
        errors=_kinds(original),
        harmed=original.harmed is True,
        by_loss=first.rule == Overfitting.code and any(evidence.name == RISE for evidence in first.evidence),
        refused=bool(original.refused),
    )


def list_grave(findings: Sequence[Finding], *, severity: Severity) -> tuple[Finding, ...]:
    """Findings at least as grave as `severity`, in their order, then the others that a search may look at."""
    grave = [finding for finding in findings if finding.severity.rank <= severity.rank]
    return (*grave, *(f for f in findings if f not in grave and f.severity in FIXABLE))


def _kinds(result: Result) -> frozenset[str]:
    return frozenset(_OUTCOME if code in OUTCOMES else code for code in result.errors)
