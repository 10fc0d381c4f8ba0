"""Which findings stand on their own and which are only seen because of another; it ranks nothing anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.rules.base import Finding


@dataclass(frozen=True)
class Root:
    """A finding to show, and what it explains, in the report's order."""

    finding: Finding
    also_seen: tuple[Finding, ...] = ()


def group_by_root(findings: Sequence[Finding]) -> tuple[Root, ...]:
    """Fold every explained finding under the first finding of the rule at the start of its chain of causes.

    A finding whose cause is not in the report (filtered out) stands on its own.
    """
    first_of_rule: dict[str, Finding] = {}
    for finding in findings:
        first_of_rule.setdefault(finding.rule, finding)
    folded: dict[int, list[Finding]] = {}
    roots: list[Finding] = []
    for finding in findings:
        root = _find_root(finding, first_of_rule)
        if root is finding:
            roots.append(finding)
        else:
            folded.setdefault(id(root), []).append(finding)
    return tuple(Root(finding, tuple(folded.get(id(finding), ()))) for finding in roots)


def _find_root(finding: Finding, first_of_rule: dict[str, Finding]) -> Finding:
    current, visited = finding, {finding.rule}
    while current.explained_by in first_of_rule and current.explained_by not in visited:
        visited.add(current.explained_by)
        current = first_of_rule[current.explained_by]
    # Two rules that blame each other have no root: both stand.
    return finding if current.explained_by in visited else current
