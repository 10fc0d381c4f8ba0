"""One result: what was found, where, and the changes that would mend it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcheck_cli.config.document import BYTE_ORDER_MARK
from gradcheck_cli.config.lines import split_lines
from gradcheck_cli.reporters.annotations import Annotation
from gradcheck_cli.reporters.json_format import make_plain
from gradcheck_cli.reporters.offers import list_offers
from gradcheck_cli.reporters.printable import make_printable
from gradcheck_cli.reporters.replacements import Replacement
from gradcheck_cli.reporters.sarif.places import describe_artifact, describe_location
from gradcheck_cli.rules.base import Finding, Severity

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
FINGERPRINT = "primaryLocationLineHash"
"""The name under which code scanning looks for what makes two results the same."""


def describe_result(annotation: Annotation, *, rule_index: int) -> dict[str, Any]:
    """A result; measured values and layers are in its property bag."""
    finding = annotation.finding
    text = annotation.message if finding is None else " ".join(filter(None, (annotation.message, finding.why)))
    result: dict[str, Any] = {
        "ruleId": annotation.code,
        "ruleIndex": rule_index,
        "level": LEVELS[annotation.severity],
        "message": {"text": make_printable(text)},
        "locations": [describe_location(annotation)],
        "partialFingerprints": {FINGERPRINT: annotation.fingerprint},
    }
    if finding is not None:
        fixes = list(_list_fixes(finding, annotation))
        result |= {"fixes": fixes} if fixes else {}
        result["properties"] = _describe_measurements(finding)
    return result


def _describe_measurements(finding: Finding) -> dict[str, Any]:
    evidence = [make_plain(vars(entry)) for entry in finding.evidence]
    return {"path": finding.path, "layers": list(finding.layers), "evidence": evidence}


def _list_fixes(finding: Finding, annotation: Annotation) -> Iterator[dict[str, Any]]:
    """Every change that fits the text, proven ones first."""
    document = annotation.run.document
    lines = split_lines(document.text.removeprefix(BYTE_ORDER_MARK)) if document is not None else []
    for offer in list_offers(finding, annotation.run):
        change = {
            "artifactLocation": describe_artifact(annotation.file),
            "replacements": [_describe_replacement(replacement, lines) for replacement in offer.replacements],
        }
        verdict = {} if offer.verdict is None else {"verdict": offer.verdict.outcome.value}
        yield {
            "description": {"text": make_printable(offer.text)},
            "artifactChanges": [change],
            "properties": {"safety": offer.safety.value, **verdict},
        }


def _describe_replacement(replacement: Replacement, lines: list[str]) -> dict[str, Any]:
    end_line, end_column = replacement.end, 1
    if end_line > len(lines) and not lines[-1].endswith(("\n", "\r")):
        # The file ends without a line break, so that there is no line behind the last.
        end_line, end_column = len(lines), len(lines[-1]) + 1
    region = {"startLine": replacement.first, "startColumn": 1, "endLine": end_line, "endColumn": end_column}
    return {"deletedRegion": region, "insertedContent": {"text": replacement.text}}
