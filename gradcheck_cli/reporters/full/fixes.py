"""What to change: the best fix as a diff of the YAML lines, the others as titles."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table

from gradcheck_cli.config.edit_types import Edit, EditOp
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.reporters.finding_text import show_safety
from gradcheck_cli.reporters.full.diff import draw_diff
from gradcheck_cli.reporters.full.text import DIM, INDENT, STRONG, join, make_fields, style
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.replacements import apply_fix
from gradcheck_cli.rules.base import Finding, Fix

_LABEL_WIDTH = 9
_MOST_FURTHER = 4
_MOST_DIFF_LINES = 16


def draw_fixes(finding: Finding, run: RunReport, *, page: Page) -> Iterator[RenderableType]:
    """The first fix in full, then one line for each further one."""
    for number, fix in enumerate(finding.fixes):
        if number == 0 or page.verbose:
            yield _describe_fix(fix, label="or" if number else "fix")
            yield from _draw_edits(fix, run, page=page)
        elif number <= _MOST_FURTHER:
            yield _describe_fix(fix, label="or", brief=True)
    hidden = len(finding.fixes) - 1 - _MOST_FURTHER
    if hidden > 0 and not page.verbose:
        yield style(f"and {hidden} more with --verbose", DIM)


def _describe_fix(fix: Fix, *, label: str, brief: bool = False) -> Table:
    fields = make_fields(_LABEL_WIDTH)
    reason = "" if brief or not fix.reason else f"  {fix.reason}"
    fields.add_row(label, join(style(fix.title, "" if brief else STRONG), style(show_safety(fix), DIM), style(reason)))
    return fields


def _draw_edits(fix: Fix, run: RunReport, *, page: Page) -> Iterator[RenderableType]:
    if not fix.edits:
        return
    lines = _make_diff(fix, run)
    if lines is None:
        yield from (Padding(style(show_edit(edit)), (0, 0, 0, INDENT)) for edit in fix.edits)
        return
    shown = lines if page.verbose or len(lines) <= _MOST_DIFF_LINES else lines[: _MOST_DIFF_LINES - 1]
    yield Padding(draw_diff(shown), (0, 0, 0, INDENT))
    if len(shown) < len(lines):
        yield Padding(style(f"{len(lines) - len(shown)} more lines with --verbose", DIM), (0, 0, 0, INDENT))


def _make_diff(fix: Fix, run: RunReport) -> list[str] | None:
    """Changed lines of the config; None where there is no text or the edits do not fit it."""
    after = apply_fix(fix, run)
    if run.document is None or after is None:
        return None
    from gradcheck_cli.config.differences import diff_lines

    return diff_lines(run.document.text, after)


def show_edit(edit: Edit) -> str:
    """An edit in words: `set optimizer.lr to 0.01`."""
    if edit.op is EditOp.REMOVE:
        return f"remove {edit.path}"
    if edit.op is EditOp.INSERT:
        return f"insert {edit.value!r} at {edit.path}"
    return f"set {edit.path} to {edit.value!r}"
