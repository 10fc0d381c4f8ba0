"""Which findings explain which others: a small table of causal edges; it looks at no measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gradcheck_cli.rules.base import Finding, Severity

OUTCOMES = ("GC302", "GC304", "GC305", "GC402")

EDGES: Mapping[str, frozenset[str]] = {
    "GC601": frozenset(
        {"GC101", "GC102", "GC103", "GC104", "GC105", "GC201", "GC202", "GC204", "GC301", "GC303", "GC306", *OUTCOMES}
    ),
    "GC602": frozenset({"GC304", "GC306", "GC402"}),
    "GC603": frozenset({"GC101", "GC102", "GC103", "GC104", "GC201", "GC202", "GC301", "GC306", *OUTCOMES}),
    "GC501": frozenset({"GC101", "GC103", "GC105", "GC203", "GC204", "GC301", "GC306", "GC401", *OUTCOMES}),
    "GC503": frozenset({"GC101", "GC103", "GC105", "GC201", "GC202", "GC204", "GC306", *OUTCOMES}),
    "GC504": frozenset({"GC304", "GC305", "GC306", "GC402"}),
    "GC505": frozenset(
        {"GC101", "GC102", "GC103", "GC104", "GC105", "GC202", "GC204", "GC301", "GC303", "GC306", *OUTCOMES}
    ),
    "GC506": frozenset(
        {"GC101", "GC102", "GC103", "GC104", "GC105", "GC201", "GC202", "GC204", "GC301", "GC303", "GC306", *OUTCOMES}
    ),
    "GC509": frozenset({"GC303", "GC306", "GC401", *OUTCOMES}),
    "GC203": frozenset(
        {"GC101", "GC102", "GC103", "GC104", "GC105", "GC201", "GC202", "GC204", "GC301", "GC303", "GC306", *OUTCOMES}
    ),
    "GC102": frozenset({"GC101", "GC103", "GC105", "GC201", "GC202", "GC204", "GC301", "GC303", "GC306", *OUTCOMES}),
    "GC201": frozenset({"GC101", "GC105", "GC204", "GC306", *OUTCOMES}),
    "GC202": frozenset({"GC101", "GC105", "GC204", "GC306", *OUTCOMES}),
    "GC105": frozenset({"GC101", "GC204", "GC306", *OUTCOMES}),
    "GC303": frozenset({"GC306", *OUTCOMES}),
    "GC301": frozenset({"GC302", "GC306"}),
    "GC101": frozenset({"GC103", "GC204", "GC304", "GC305", "GC306", "GC402"}),
    "GC103": frozenset({"GC204", "GC304", "GC305", "GC306", "GC402"}),
    "GC104": frozenset({"GC101", "GC102", "GC103", "GC204", "GC301", "GC303", "GC306", *OUTCOMES}),
    **{outcome: frozenset({"GC306"}) for outcome in (*OUTCOMES, "GC401")},
}
"""Code of a cause to the codes of what it can bring about. A path of edges never leads back."""


def link_causes(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Note on each finding what it explains and what explains it; a cause takes the severity of what it explains.

    An edge holds only where the cause was seen no later than its effect. A finding that is a note explains nothing,
    and one that is at most a warning explains no error.
    """
    effects = [tuple(other for other in findings if _explains(finding, other)) for finding in findings]
    linked = []
    for finding, explained in zip(findings, effects, strict=True):
        causes = [cause for cause, brought in zip(findings, effects, strict=True) if finding in brought]
        linked.append(
            replace(
                finding,
                explains=tuple(dict.fromkeys(effect.rule for effect in explained)),
                explained_by=min(causes, key=_depth).rule if causes else None,
                severity=_raise(finding, explained),
            )
        )
    return tuple(linked)


def count_causes(finding: Finding, findings: Sequence[Finding]) -> int:
    """How many findings stand between a finding and its root; 0 for a root."""
    depth, cause = 0, finding.explained_by
    while cause is not None:
        depth += 1
        cause = next((other.explained_by for other in findings if other.rule == cause), None)
    return depth


def _depth(finding: Finding) -> int:
    """How far down the table a code stands: 0 for one that nothing in the table brings about."""
    above = [code for code, effects in EDGES.items() if finding.rule in effects]
    return len(above)


def _explains(cause: Finding, effect: Finding) -> bool:
    if effect.rule not in EDGES.get(cause.rule, ()) or cause.severity is Severity.INFO:
        return False
    if cause.effects is not None and effect.rule not in cause.effects:
        return False
    if cause.ceiling.rank > effect.severity.rank:
        return False
    if cause.first_step is None or effect.first_step is None:
        return True
    return cause.first_step <= effect.first_step


def _raise(finding: Finding, explained: Sequence[Finding]) -> Severity:
    """The highest severity among a finding and what it explains, at most the finding's ceiling."""
    highest = min((finding.severity, *(effect.severity for effect in explained)), key=lambda s: s.rank)
    allowed = max(highest, finding.ceiling, key=lambda s: s.rank)
    return min(finding.severity, allowed, key=lambda s: s.rank)
