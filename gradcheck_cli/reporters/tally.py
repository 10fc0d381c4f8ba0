"""How many findings of each severity a report holds; it prints nothing."""

from __future__ import annotations

from collections import Counter

from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters.numbers import show_count
from gradcheck_cli.rules.base import Severity

FAILED = "failed"


def count_findings(report: Report) -> Counter[str]:
    """Findings by severity, and under `failed` the runs that could not be done."""
    counts = Counter(finding.severity.value for run in report.runs for finding in run.findings)
    counts[FAILED] = sum(bool(run.errors) for run in report.runs)
    return counts


def show_tally(counts: Counter[str], *, runs: int) -> str:
    """`1 error, 2 warnings in 3 configs`, and how many could not be checked."""
    parts = [
        show_count(counts[severity.value], severity.value, "info" if severity is Severity.INFO else "")
        for severity in Severity
        if counts[severity.value]
    ]
    sentences = [f"{', '.join(parts) or 'nothing to report'} in {show_count(runs, 'config')}"]
    if counts[FAILED]:
        failed = f"{show_count(counts[FAILED], 'config')} could not be checked"
        sentences = [*sentences, failed] if parts or runs > counts[FAILED] else [failed]
    return "; ".join(sentences)
