"""The Code Quality report of GitLab CI, which becomes notes in a merge request; it holds no more than GitLab reads."""

from __future__ import annotations

import json
from typing import Any

from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters.annotations import Annotation, annotate
from gradcheck_cli.reporters.printable import make_line
from gradcheck_cli.rules.base import Severity

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report) -> str:
    """One JSON list; of the places GitLab knows only the lines."""
    issues = [_describe(annotation) for annotation in annotate(report)]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _describe(annotation: Annotation) -> dict[str, Any]:
    return {
        "description": make_line(f"{annotation.label}: {annotation.message}"),
        "check_name": annotation.label,
        "fingerprint": annotation.fingerprint,
        "severity": _SEVERITIES[annotation.severity] if annotation.finding is not None else "blocker",
        "location": {
            "path": annotation.file,
            "lines": {"begin": annotation.region.line, "end": annotation.region.end_line},
        },
    }
