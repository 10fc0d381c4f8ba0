"""What `fix` tried and found: the table of attempts, the chosen change as a diff, and the command that applies it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradcheck_cli.diagnosis.fix_report import DEFAULT_BUDGET, FIXED_FILE, Attempt, FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.reporters.full.diff import draw_diff
from gradcheck_cli.reporters.full.text import DIM, INDENT, PASSED, SEVERITY_STYLES, STRONG, join, style
from gradcheck_cli.reporters.numbers import show_count, show_metric
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.search_text import (
    describe_cost,
    describe_proof,
    name_attempt,
    name_best,
    name_metric,
    show_change,
    show_share,
    show_titles,
    show_verdict,
)
from gradcheck_cli.reporters.verdict_text import describe_ending
from gradcheck_cli.rules.base import Safety, Severity

_FEWEST_SHOWN = 8
_NOTHING_KNOWN = "No change of the config is known to help against it; see the advice above."


def draw_search(run: RunReport, *, page: Page) -> Iterator[RenderableType]:
    """The part of a report that `fix` adds."""
    fix = run.fix
    if fix is None:
        return
    if fix.outcome is FixOutcome.NOTHING_TO_FIX:
        yield style(f"Nothing to fix. {describe_cost(fix)}", PASSED)
        return
    if fix.attempts:
        yield from _draw_attempts(fix, run, page=page)
        yield Text("")
    yield from _draw_outcome(run, fix, page=page)
    for note in fix.notes:
        yield style(note, DIM)


def _draw_outcome(run: RunReport, fix: FixReport, *, page: Page) -> Iterator[RenderableType]:
    word = describe_ending(run, fix).capitalize()
    if fix.chosen is not None:
        good = fix.outcome is FixOutcome.FIXED
        mark = page.symbols.passed if good else page.symbols.warning
        look = PASSED if good else SEVERITY_STYLES[Severity.WARNING]
        yield _draw_headline(f"{mark} {word}: ", look, fix.chosen)
        yield from _draw_proof(run, fix, fix.chosen, page=page)
        yield from _draw_next_step(run, fix)
    else:
        known = "" if fix.attempts or _has_edits(run) else f" {_NOTHING_KNOWN}"
        yield join(style(f"{page.symbols.error} {word}.", SEVERITY_STYLES[Severity.ERROR]), known)
    if fix.withheld is not None:
        yield _draw_headline("With --unsafe-fixes: ", STRONG, fix.withheld)
        yield from _draw_proof(run, fix, fix.withheld, page=page)
        yield from _draw_command("Take it:", _make_command(run, fix, "--unsafe-fixes", "--write"))
    elif fix.chosen is None and fix.best is not None:
        yield _draw_headline("The best attempt: ", STRONG, fix.best, after=f": {name_best(run, fix.best)}")
    yield style(describe_cost(fix), DIM)


def _has_edits(run: RunReport) -> bool:
    return any(fix.edits for finding in run.findings for fix in finding.fixes)


def _draw_headline(label: str, look: str, attempt: Attempt, *, after: str = "") -> Text:
    return join(
        style(label, look),
        style(show_titles(attempt), STRONG),
        style(f" [{attempt.safety.value}]", DIM),
        after,
    )


def _draw_proof(run: RunReport, fix: FixReport, attempt: Attempt, *, page: Page) -> Iterator[RenderableType]:
    """What the proof showed in one sentence, then the changed lines and those around them."""
    proof = describe_proof(run, fix, attempt, sign=page.symbols.plus_minus)
    if proof:
        yield Padding(style(proof), (0, 0, 0, INDENT))
    if run.document is not None:
        from gradcheck_cli.config.edits import diff_with_context

        lines = diff_with_context(run.document.text, attempt.text)
        yield Padding(draw_diff(lines), (0, 0, 0, 2 * INDENT))


def _draw_next_step(run: RunReport, fix: FixReport) -> Iterator[RenderableType]:
    if fix.output is not None:
        yield style(f"Written to {fix.output}")
        return
    flags = ["--unsafe-fixes"] if fix.chosen is not None and fix.chosen.safety is Safety.UNSAFE else []
    again = _make_command(run, fix, *flags, "--write")
    if run.run_dir is None:
        yield from _draw_command("Apply it:", again)
        return
    yield from _draw_command("Apply it:", shlex.join(["cp", str(run.run_dir / FIXED_FILE), run.config]))
    yield from _draw_command("or search again and write it:", again)


def _draw_command(label: str, command: str) -> Iterator[RenderableType]:
    """A command in one line, however long, so that it can be copied."""
    yield style(label)
    yield Text(f"{' ' * 2 * INDENT}{command}", no_wrap=True, overflow="ignore")


def _make_command(run: RunReport, fix: FixReport, *flags: str) -> str:
    """The call that does the same again, with what went over the config."""
    overrides = run.document.overrides if run.document is not None else ()
    settings = [word for override in overrides for word in ("--set", override)]
    budget = [] if fix.budget == DEFAULT_BUDGET else ["--budget", f"{fix.budget:g}"]
    return shlex.join(["gradcheck", "fix", run.config, *settings, *budget, *flags])


def _draw_attempts(fix: FixReport, run: RunReport, *, page: Page) -> Iterator[RenderableType]:
    """One row an attempt: what went furthest first, then by metric."""
    attempts = sorted(fix.attempts, key=lambda a: (a.verdict is None, -a.share))
    shown = attempts if page.verbose else attempts[: max(_FEWEST_SHOWN, sum(a.share >= 1 for a in attempts))]
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    before = "" if fix.metric != fix.metric else f", from {show_metric(fix.metric)}"
    table.add_row(*(style(head, DIM) for head in (f"tried{before}", "trained", name_metric(run))))
    for attempt in shown:
        look = STRONG if attempt in (fix.chosen, fix.withheld) else ""
        title = style(name_attempt(attempt), look)
        table.add_row(title, style(_show_stage(attempt), DIM), style(_describe_result(attempt, fix, page=page), look))
    yield table
    if len(shown) < len(attempts):
        yield style(f"and {len(attempts) - len(shown)} more with --verbose", DIM)


def _show_stage(attempt: Attempt) -> str:
    if attempt.verdict is not None:
        return show_count(attempt.verdict.seeds, "seed")
    return "whole" if attempt.share >= 1 else show_share(attempt)


def _describe_result(attempt: Attempt, fix: FixReport, *, page: Page) -> str:
    if attempt.verdict is not None:
        change = show_change(attempt.verdict, sign=page.symbols.plus_minus)
        return f"{change}: {show_verdict(attempt, fix)}"
    return "failed" if attempt.failed else show_metric(attempt.metric)
