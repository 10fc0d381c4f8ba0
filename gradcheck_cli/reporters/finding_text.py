"""The parts of a finding in plain words, for formats that hold text; it chooses none and draws nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck_cli.reporters.annotations import Annotation
from gradcheck_cli.reporters.numbers import show_number
from gradcheck_cli.rules.base import Evidence, Finding, Fix, Safety


def show_value(evidence: Evidence) -> str:
    """`1.8e-7 ratio`."""
    return f"{show_number(evidence.value)} {evidence.unit}".rstrip()


def show_limit(evidence: Evidence) -> str:
    """`(limit 0.003)`; empty where there is none."""
    return "" if evidence.limit is None else f"(limit {show_number(evidence.limit)})"


def show_evidence(evidence: Evidence) -> str:
    """`backward signal, first over last layer: 1.8e-7 ratio (limit 0.003)`."""
    return f"{evidence.name}: {show_value(evidence)} {show_limit(evidence)}".rstrip()


def show_safety(fix: Fix) -> str:
    """` [safe]` or ` [unsafe]`; empty for advice, which changes nothing by itself."""
    return "" if fix.safety is Safety.ADVICE else f" [{fix.safety.value}]"


def show_proof(fix: Fix) -> str:
    """`, tried: fixed`; empty for a fix that was not put to the proof."""
    return "" if fix.verdict is None else f", tried: {fix.verdict.outcome.value}"


def list_details(finding: Finding) -> Iterator[str]:
    """What stands behind the message, a line each: why it matters, what was measured, the best fix."""
    if finding.why:
        yield finding.why
    yield from (f"Measured: {show_evidence(evidence)}" for evidence in finding.evidence)
    if finding.seeds.of > 1:
        yield f"Found in {finding.seeds.found} of {finding.seeds.of} seeds"
    if finding.fixes:
        yield f"Fix: {finding.fixes[0].title}{show_safety(finding.fixes[0])}{show_proof(finding.fixes[0])}"


def explain(annotation: Annotation) -> str:
    """Message and details, a line each."""
    details = list_details(annotation.finding) if annotation.finding is not None else ()
    return "\n".join([annotation.message, *details])
