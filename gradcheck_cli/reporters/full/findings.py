"""The findings of a run: what was measured, why it matters, where it stands, what to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.reporters.finding_text import show_limit, show_value
from gradcheck_cli.reporters.full.fixes import draw_fixes
from gradcheck_cli.reporters.full.text import DIM, INDENT, SEVERITY_STYLES, STRONG, join, make_fields, style
from gradcheck_cli.reporters.locations import show_place
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.roots import Root
from gradcheck_cli.rules.base import Evidence, Finding, Severity

_LABEL_WIDTH = 9
_MOST_LAYERS = 6


def draw_finding(root: Root, run: RunReport, *, page: Page) -> Iterator[RenderableType]:
    """One finding with what it explains and its fixes; a mere note in brief, unless all is asked for."""
    finding = root.finding
    yield _draw_title(finding, run, page=page)
    yield Padding(style(finding.message), (0, 0, 0, INDENT))
    if finding.severity is Severity.INFO and not page.verbose:
        return
    yield Padding(_draw_fields(root, page=page), (0, 0, 0, INDENT))
    # What was tried of them, and how that went, stands in a table of its own.
    if run.fix is not None and run.fix.attempts:
        return
    for part in draw_fixes(finding, run, page=page):
        yield Padding(part, (0, 0, 0, INDENT))


def _draw_title(finding: Finding, run: RunReport, *, page: Page) -> Text:
    severity_style = SEVERITY_STYLES[finding.severity]
    return join(
        style(f"{page.symbols.of(finding.severity)} {finding.rule} {finding.name}", severity_style),
        style(f"  {finding.severity.value}  ", DIM),
        style(show_place(finding.path, run), DIM),
    )


def _draw_fields(root: Root, *, page: Page) -> Table:
    finding, fields = root.finding, make_fields(_LABEL_WIDTH)
    if finding.why:
        fields.add_row("why", style(finding.why))
    for number, evidence in enumerate(finding.evidence):
        fields.add_row("measured" if number == 0 else "", _describe_evidence(evidence))
    if finding.seeds.of > 1:
        fields.add_row("seeds", style(f"found in {finding.seeds.found} of {finding.seeds.of}"))
    if finding.layers:
        fields.add_row("layers", style(list_names(finding.layers, ellipsis=page.symbols.ellipsis)))
    if finding.path:
        fields.add_row("at", style(finding.path))
    if root.also_seen:
        seen = dict.fromkeys(f"{other.rule} {other.name}" for other in root.also_seen)
        fields.add_row("also seen", style(", ".join(seen)))
    return fields


def _describe_evidence(evidence: Evidence) -> Text:
    limit = f"  {show_limit(evidence)}" if evidence.limit is not None else ""
    return join(style(f"{evidence.name} "), style(show_value(evidence), STRONG), style(limit, DIM))


def list_names(names: Sequence[str], *, ellipsis: str) -> str:
    """All names, or of many the first and the last."""
    if len(names) <= _MOST_LAYERS:
        return ", ".join(names)
    return f"{', '.join(names[:3])}, {ellipsis} {', '.join(names[-2:])} ({len(names)} layers)"
