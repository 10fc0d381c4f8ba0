"""The report in Markdown, for a comment on a pull request or the summary of a CI job; it shows no curves."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck_cli.diagnosis.fix_report import FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import Report, RuleStatus, RunReport
from gradcheck_cli.reporters.concise import show_problem
from gradcheck_cli.reporters.finding_text import show_evidence, show_proof, show_safety
from gradcheck_cli.reporters.locations import locate, read_source
from gradcheck_cli.reporters.markdown_text import code, code_block, code_cell, escape
from gradcheck_cli.reporters.replacements import apply_fix
from gradcheck_cli.reporters.roots import Root, group_by_root
from gradcheck_cli.reporters.search_text import describe_cost, describe_proof, name_attempt, name_best
from gradcheck_cli.reporters.symbols import UNICODE
from gradcheck_cli.reporters.tally import count_findings, show_tally
from gradcheck_cli.reporters.verdict_text import describe_ending, describe_metric, describe_outcome, find_severity
from gradcheck_cli.rules.base import Fix, Severity

_CUT = "*The report goes on; this is what fits here.*\n"


def render(report: Report, *, most_bytes: int | None = None) -> str:
    """A table of the configs, then each with what was found.

    Args:
        most_bytes: Length in UTF-8 that is not exceeded; what comes last is left out, and that is said.
    """
    blocks = _list_blocks(report)
    return "".join(blocks) if most_bytes is None else "".join(_cut(blocks, most_bytes))


def _cut(blocks: Iterator[str], most_bytes: int) -> Iterator[str]:
    room = most_bytes - len(_CUT) - 1
    for block in blocks:
        room -= len(block.encode())
        if room < 0:
            yield f"\n{_CUT}"
            return
        yield block


def _list_blocks(report: Report) -> Iterator[str]:
    yield f"## gradcheck: {show_tally(count_findings(report), runs=len(report.runs))}\n\n"
    yield "| config | verdict | metric |\n|---|---|---|\n"
    yield from map(_write_row, report.runs)
    for run in report.runs:
        yield from (f"\n{block}\n" for block in _describe_run(run))
    yield from (f"\n{escape(note)}\n" for note in report.notes)


def _write_row(run: RunReport) -> str:
    outcome = run.history.outcome if run.history is not None else None
    metric = describe_metric(outcome) if outcome is not None else ""
    return f"| {code_cell(run.config)} | {_mark(find_severity(run))} {escape(describe_outcome(run))} | {metric} |\n"


def _mark(severity: Severity | None) -> str:
    return UNICODE.passed if severity is None else UNICODE.of(severity)


def _describe_run(run: RunReport) -> Iterator[str]:
    crashed = [rule for rule in run.rules if rule.status is RuleStatus.CRASHED]
    if run.errors or run.findings or crashed or run.fix is not None:
        yield f"### {code(run.config)}"
    if run.errors:
        yield "\n".join(_list_problems(run))
    for root in group_by_root(run.findings):
        yield _describe_finding(root, run)
    if run.fix is not None:
        yield from _describe_search(run, run.fix)
    for rule in crashed:
        yield f"{rule.rule} {rule.name} crashed, which is a fault of gradcheck: {escape(rule.reason or '')}"


def _list_problems(run: RunReport) -> Iterator[str]:
    lines = (read_source(run) or "").split("\n")
    for problem in run.errors:
        yield f"- {escape(show_problem(problem, file=run.config, with_rule=True))}"
        if problem.line is not None and problem.line <= len(lines):
            yield f"  {code(lines[problem.line - 1].strip() or ' ')}"


def _describe_finding(root: Root, run: RunReport) -> str:
    finding = root.finding
    place = locate(finding.path, run)
    where = f", line {place.line}" if place is not None else ""
    mark = _mark(finding.severity)
    parts = [f"**{mark} {finding.rule} {finding.name}** ({finding.severity.value}{where})  \n{escape(finding.message)}"]
    parts += [escape(finding.why)] if finding.why else []
    facts = [show_evidence(evidence) for evidence in finding.evidence]
    facts += [f"found in {finding.seeds.found} of {finding.seeds.of} seeds"] if finding.seeds.of > 1 else []
    seen = dict.fromkeys(f"{other.rule} {other.name}" for other in root.also_seen)
    facts += [f"also seen: {', '.join(seen)}"] if seen else []
    parts += ["\n".join(f"- {escape(fact)}" for fact in facts)] if facts else []
    parts += [_describe_fix(finding.fixes[0], run)] if finding.fixes else []
    return "\n\n".join(parts)


def _describe_fix(fix: Fix, run: RunReport) -> str:
    title = f"Fix: {escape(f'{fix.title}{show_safety(fix)}{show_proof(fix)}')}"
    # What a search has chosen is shown once, below the findings.
    after = apply_fix(fix, run) if run.fix is None else None
    return title if after is None else f"{title}\n\n{_show_difference(run, after)}"


def _show_difference(run: RunReport, after: str) -> str:
    """The lines of the config that differ."""
    from gradcheck_cli.config.differences import diff_lines

    before = run.document.text if run.document is not None else ""
    return code_block("\n".join(diff_lines(before, after)), "diff")


def _describe_search(run: RunReport, fix: FixReport) -> Iterator[str]:
    """How the search ended, the change that it found, and what that brought."""
    ending = describe_ending(run, fix)
    good = fix.outcome in (FixOutcome.FIXED, FixOutcome.NOTHING_TO_FIX)
    headline = f"**{_mark(None if good else Severity.WARNING)} {ending.capitalize()}**"
    cost = escape(describe_cost(fix))
    if fix.chosen is None and fix.withheld is None:
        best = "" if fix.best is None else f" The best attempt: {name_attempt(fix.best)}: {name_best(run, fix.best)}."
        yield f"{headline}  \n{cost}{escape(best)}"
    for shown, label in ((fix.chosen, ""), (fix.withheld, "with --unsafe-fixes: ")):
        if shown is not None:
            first = headline if shown is fix.chosen or fix.chosen is None else "**Also**"
            proof = escape(describe_proof(run, fix, shown, sign="±"))
            yield f"{first}: {escape(label + name_attempt(shown))}  \n{proof} {cost}"
            yield _show_difference(run, shown.text)
    if fix.output is not None:
        yield f"Written to {code(str(fix.output))}"
    yield from (escape(note) for note in fix.notes)
