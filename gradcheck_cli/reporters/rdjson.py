"""The Reviewdog Diagnostic Format, which becomes review comments with suggestions; it suggests one change a finding."""

from __future__ import annotations

import json
from typing import Any

from gradcheck_cli.config.document import BYTE_ORDER_MARK
from gradcheck_cli.config.lines import split_lines
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters.annotations import Annotation, annotate
from gradcheck_cli.reporters.finding_text import explain
from gradcheck_cli.reporters.locations import read_source
from gradcheck_cli.reporters.offers import list_offers
from gradcheck_cli.reporters.printable import make_printable
from gradcheck_cli.reporters.replacements import span_replacements


def render(report: Report) -> str:
    """One JSON object; columns are counted in bytes of UTF-8, as the format has it."""
    document = {"source": {"name": "gradcheck"}, "diagnostics": [_describe(note) for note in annotate(report)]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _describe(annotation: Annotation) -> dict[str, Any]:
    diagnostic: dict[str, Any] = {
        "message": make_printable(explain(annotation)),
        "location": {"path": annotation.file, "range": _describe_range(annotation)},
        "severity": annotation.severity.value.upper(),
        "code": {"value": annotation.code or annotation.name},
    }
    suggestion = _suggest(annotation)
    return diagnostic if suggestion is None else {**diagnostic, "suggestions": [suggestion]}


def _describe_range(annotation: Annotation) -> dict[str, Any]:
    region, text = annotation.region, (read_source(annotation.run) or "").removeprefix(BYTE_ORDER_MARK)
    lines = split_lines(text)
    return {
        "start": {"line": region.line, "column": _count_bytes(lines, region.line, region.column)},
        "end": {"line": region.end_line, "column": _count_bytes(lines, region.end_line, region.end_column)},
    }


def _count_bytes(lines: list[str], line: int, column: int) -> int:
    """The column in bytes of one in characters; both from 1."""
    before = lines[line - 1][: column - 1] if line <= len(lines) else ""
    return len(before.encode()) + column - len(before)


def _suggest(annotation: Annotation) -> dict[str, Any] | None:
    """The best change that fits the text, as one of whole lines: alternatives would only cover it up.

    What retraining has shown to be of no use is not suggested.
    """
    finding, document = annotation.finding, annotation.run.document
    if finding is None or document is None:
        return None
    useful = (offer for offer in list_offers(finding, annotation.run) if offer.verdict is None or offer.verdict.helps)
    best = next(useful, None)
    if best is None:
        return None
    whole = span_replacements(document.text, best.replacements)
    text = whole.text.removesuffix("\n").removesuffix("\r")
    return {"range": {"start": {"line": whole.first}, "end": {"line": whole.end - 1}}, "text": text}
