"""The log as a whole: the tool, how its run went, and the results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gradcheck_cli import __version__
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters.annotations import Annotation, annotate
from gradcheck_cli.reporters.printable import make_printable
from gradcheck_cli.reporters.sarif.places import ROOT, describe_location
from gradcheck_cli.reporters.sarif.results import LEVELS, describe_result
from gradcheck_cli.reporters.sarif.rules import describe_rule
from gradcheck_cli.rules import ALL

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: Report) -> str:
    """One log with one run of the tool, all rules with their manual pages in it."""
    annotations = annotate(report)
    indexes = {rule.code: index for index, rule in enumerate(ALL)}
    run = {
        "tool": {"driver": _describe_driver()},
        "invocations": [_describe_invocation(report, annotations)],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [describe_result(note, rule_index=indexes[note.code]) for note in annotations if note.code],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _describe_driver() -> dict[str, Any]:
    return {
        "name": "gradcheck",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [describe_rule(rule) for rule in ALL],
    }


def _describe_invocation(report: Report, annotations: tuple[Annotation, ...]) -> dict[str, Any]:
    """What no rule stands for, such as a run that took too long, is told here, apart from the results."""
    notifications = list(_list_notifications(annotations))
    return {
        "executionSuccessful": report.exit_code in {0, 1},
        "exitCode": report.exit_code,
        "toolExecutionNotifications": notifications,
    }


def _list_notifications(annotations: tuple[Annotation, ...]) -> Iterator[dict[str, Any]]:
    for note in annotations:
        if not note.code:
            yield {
                "descriptor": {"id": note.name},
                "level": LEVELS[note.severity],
                "message": {"text": make_printable(note.message)},
                "locations": [describe_location(note)],
            }
