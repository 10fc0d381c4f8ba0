"""Workflow commands of GitHub Actions, which become annotations, below the full text; it limits what GitHub limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters import full, markdown
from gradcheck_cli.reporters.annotations import Annotation, annotate, rank_annotations
from gradcheck_cli.reporters.finding_text import explain
from gradcheck_cli.reporters.numbers import show_count
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.printable import make_line, make_printable
from gradcheck_cli.rules.base import Severity

MOST_OF_A_KIND = 10
"""GitHub drops further annotations of a kind in one step."""
MOST_SUMMARY_BYTES = 64_000
_KINDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, *, page: Page) -> str:
    """The full text, then the commands, worst first."""
    lines = map(_disarm, full.render(report, page=page).splitlines())
    return "".join(f"{line}\n" for line in [*lines, *_list_commands(rank_annotations(annotate(report)))])


def render_summary(report: Report) -> str:
    """The job summary, in Markdown, short enough for GitHub to show it."""
    return markdown.render(report, most_bytes=MOST_SUMMARY_BYTES)


def _disarm(line: str) -> str:
    """Keep GitHub from obeying a command that a config brings with it: the text quotes names and values of the file."""
    start = len(line) - len(line.lstrip())
    if line[start:].startswith("::"):
        line = f"{line[:start]}: :{line[start + 2 :]}"
    return line.replace("##[", "## [")


def _list_commands(annotations: Iterable[Annotation]) -> Iterator[str]:
    counts: Counter[Severity] = Counter()
    for annotation in annotations:
        counts[annotation.severity] += 1
        if counts[annotation.severity] <= MOST_OF_A_KIND:
            yield _write_command(annotation)
    hidden = {kind: counts[severity] - MOST_OF_A_KIND for severity, kind in _KINDS.items()}
    parts = [show_count(count, kind) for kind, count in hidden.items() if count > 0]
    if parts:
        yield f"GitHub shows {MOST_OF_A_KIND} annotations of a kind; without one: {', '.join(parts)}"


def _write_command(annotation: Annotation) -> str:
    region = annotation.region
    properties = {"title": annotation.label, "file": annotation.file, "line": region.line, "col": region.column}
    if region.end_line == region.line:
        # GitHub takes columns only within one line, and shows what spans several below its last one, far from its head.
        properties |= {"endLine": region.line, "endColumn": region.end_column}
    written = ",".join(f"{key}={_escape_property(str(value))}" for key, value in properties.items())
    return f"::{_KINDS[annotation.severity]} {written}::{_escape(make_printable(explain(annotation)))}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(make_line(text)).replace(":", "%3A").replace(",", "%2C")
