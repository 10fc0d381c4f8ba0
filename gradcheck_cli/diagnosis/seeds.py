"""Makes one report of the runs of one config with several seeds (contracts §4); it trains and judges nothing."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace

from gradcheck_cli.diagnosis.judge import rank_findings
from gradcheck_cli.diagnosis.report import RuleResult, RuleStatus, RunReport
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Finding, SeedCount, Severity

_WEIGHT = (RuleStatus.CRASHED, RuleStatus.FOUND, RuleStatus.PASSED, RuleStatus.SKIPPED)


def merge_seeds(reports: Sequence[RunReport]) -> RunReport:
    """The first seed's report with the findings of all.

    A finding that is an error in fewer than half of the seeds is a warning.

    Args:
        reports: Of the same config, in the order of the seeds; at least one.
    """
    first = reports[0]
    endings = [report.status for report in reports]
    graver = (status for status in (RunStatus.INTERRUPTED, RunStatus.FAILED) if status in endings)
    return replace(
        first,
        status=next(graver, first.status),
        errors=next((report.errors for report in reports if report.errors), ()),
        rules=_merge_rules(reports),
        findings=rank_findings(merge_findings([report.findings for report in reports])),
        seed_metrics=None if first.errors else tuple(_find_metric(report) for report in reports),
    )


def _find_metric(report: RunReport) -> float:
    outcome = report.history.outcome if report.history is not None else None
    return outcome.value if outcome is not None else math.nan


def _merge_rules(reports: Sequence[RunReport]) -> tuple[RuleResult, ...]:
    """For each rule the weightiest of what became of it."""
    merged: dict[str, RuleResult] = {}
    for report in reports:
        for result in report.rules:
            known = merged.get(result.rule)
            if known is None or _WEIGHT.index(result.status) < _WEIGHT.index(known.status):
                merged[result.rule] = result
    return tuple(merged.values())


def merge_findings(runs: Sequence[Sequence[Finding]]) -> list[Finding]:
    """The findings of several seeds as one list, each with the number of seeds that show it, in no order.

    A finding that is an error in fewer than half of the seeds is a warning.
    """
    groups: dict[Hashable, list[tuple[int, Finding]]] = {}
    repeated = _find_repeated(runs)
    for seed, findings in enumerate(runs):
        for finding in findings:
            key = (finding.rule, finding.fingerprint) if finding.rule in repeated else finding.rule
            groups.setdefault(key, []).append((seed, finding))
    return [_merge_group(group, of=len(runs)) for group in groups.values()]


def _find_repeated(runs: Sequence[Sequence[Finding]]) -> set[str]:
    """Rules that find several faults in one run, told apart by their place; that of a single fault may vary by seed."""
    repeated = set()
    for findings in runs:
        codes = [finding.rule for finding in findings]
        repeated |= {code for code in codes if codes.count(code) > 1}
    return repeated


def _merge_group(group: Sequence[tuple[int, Finding]], *, of: int) -> Finding:
    """One fault as its first seed shows it."""
    found = {seed for seed, _ in group}
    errors = {seed for seed, finding in group if finding.severity is Severity.ERROR}
    gravest = min((finding.severity for _, finding in group), key=lambda severity: severity.rank)
    if gravest is Severity.ERROR and 2 * len(errors) < of:
        gravest = Severity.WARNING
    explains = dict.fromkeys(code for _, finding in group for code in finding.explains)
    return replace(group[0][1], severity=gravest, seeds=SeedCount(len(found), of), explains=tuple(explains))
