"""A report without some of its findings, whoever takes them out; it chooses none itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from gradcheck_cli.diagnosis.report import RuleStatus, RunReport
from gradcheck_cli.rules.base import Finding


def without_findings(report: RunReport, taken: Collection[Finding], *, reason: str) -> RunReport:
    """The report without the findings in `taken`.

    A rule that has none left counts as passed, with the reason beside it.
    """
    if not taken:
        return report
    gone = {id(finding) for finding in taken}
    kept = tuple(finding for finding in report.findings if id(finding) not in gone)
    silent = {finding.rule for finding in taken} - {finding.rule for finding in kept}
    rules = (
        replace(result, status=RuleStatus.PASSED, reason=reason)
        if result.rule in silent and result.status is RuleStatus.FOUND
        else result
        for result in report.rules
    )
    return replace(report, findings=kept, rules=tuple(rules))
