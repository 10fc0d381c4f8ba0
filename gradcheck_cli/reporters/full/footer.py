"""The last lines of a run: what was not seen, notes, where it is saved, what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from rich.text import Text

from gradcheck_cli.diagnosis.report import RuleStatus, RunReport
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.reporters.full.text import DIM, SEVERITY_STYLES, style
from gradcheck_cli.reporters.numbers import show_count
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.roots import Root
from gradcheck_cli.rules.base import Severity


def draw_footer(run: RunReport, roots: tuple[Root, ...], *, page: Page) -> Iterator[Text]:
    """Coverage, notes, the run folder, and the command that tells more."""
    yield style(_describe_coverage(run), DIM)
    yield from _list_rules(run, page=page)
    for note in run.history.notes if run.history else ():
        yield style(f"Note: {note}", DIM)
    for name, reason in run.history.unavailable.items() if run.history else ():
        yield style(f"Not recorded: {name}: {reason}", DIM)
    if run.run_dir is not None:
        yield style(f"Saved in {run.run_dir}", DIM)
    if _can_be_fixed(run):
        yield style(f"Find a fix and prove it: gradcheck fix {shlex.quote(run.config)}")
    if roots:
        yield style(f"More on this: gradcheck rule {roots[0].finding.rule}")


def _can_be_fixed(run: RunReport) -> bool:
    """Whether a search for a fix is worth naming: something grave was found in a trained run, with edits against it."""
    grave = [finding for finding in run.findings if finding.severity is not Severity.INFO]
    trained = run.status not in (RunStatus.LINTED, RunStatus.INTERRUPTED) and run.document is not None
    return run.fix is None and trained and any(fix.edits for finding in grave for fix in finding.fixes)


def _describe_coverage(run: RunReport) -> str:
    if run.status is RunStatus.LINTED:
        return _describe_lint(run)
    applied = [rule for rule in run.rules if rule.has_run]
    parts = [f"{show_count(len(applied), 'rule')} applied"]
    for status in (RuleStatus.SKIPPED, RuleStatus.CRASHED):
        number = sum(rule.status is status for rule in run.rules)
        parts += [f"{number} {status.value}"] if number else []
    if run.coverage is not None and run.coverage.layers:
        parts.append(f"{run.coverage.layers_observed} of {show_count(run.coverage.layers, 'layer')} observed")
    note = f" ({run.coverage.note})" if run.coverage and run.coverage.note else ""
    return ", ".join(parts) + note


def _describe_lint(run: RunReport) -> str:
    skipped = sum(rule.status is RuleStatus.SKIPPED for rule in run.rules)
    more = f"; {skipped} more judge a trained run: gradcheck check {run.config}" if skipped else ""
    return f"{show_count(len(run.rules) - skipped, 'rule')} applied{more}"


def _list_rules(run: RunReport, *, page: Page) -> Iterator[Text]:
    for rule in run.rules:
        if rule.status is RuleStatus.CRASHED:
            yield style(f"{rule.rule} {rule.name} crashed: {rule.reason}", SEVERITY_STYLES[Severity.WARNING])
        elif rule.status is RuleStatus.SKIPPED and page.verbose:
            yield style(f"{rule.rule} {rule.name} skipped: {rule.reason}", DIM)
