"""Which findings explain that torch refused a network; it refuses nothing and judges no other run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gradcheck_cli.diagnosis.report import RuleResult, RuleStatus
from gradcheck_cli.errors import Problem
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Family, Finding, Severity
from gradcheck_cli.rules.config.invalid_config import InvalidConfig

_FAMILIES: Mapping[str, Family] = {rule.code: rule.family for rule in ALL}


def blame(findings: Sequence[Finding], problems: Sequence[Problem]) -> tuple[Finding, ...]:
    """Raise what explains a refusal to its ceiling: a network that cannot run is harmed. Errors come first."""
    raised = (
        replace(finding, severity=finding.ceiling) if any(_fits(finding, problem) for problem in problems) else finding
        for finding in findings
    )
    return tuple(sorted(raised, key=lambda finding: finding.severity.rank))


def mark_invalid(rules: Sequence[RuleResult], problems: Sequence[Problem]) -> tuple[RuleResult, ...]:
    """Say of the rule on invalid configs that it found something, where the config is at fault."""
    if not any(problem.is_of_config for problem in problems):
        return tuple(rules)
    return tuple(
        replace(result, status=RuleStatus.FOUND) if result.rule == InvalidConfig.code else result for result in rules
    )


def is_explained(problem: Problem, findings: Sequence[Finding]) -> bool:
    """Whether an error among the findings says why a job could not be done."""
    return any(finding.severity is Severity.ERROR and _fits(finding, problem) for finding in findings)


def _fits(finding: Finding, problem: Problem) -> bool:
    """Whether both speak of one place: the same, or the loss and the output layer that does not fit it."""
    if finding.path and finding.path == problem.path:
        return True
    is_of_loss = problem.path.partition(".")[0] == "loss"
    return is_of_loss and _FAMILIES.get(finding.rule) is Family.OUTPUT_AND_LOSS
