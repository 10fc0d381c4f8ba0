"""One line a finding, `path:line:column: CODE name: message`, for editors and grep; it draws nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.reporters.fix_words import show_search
from gradcheck_cli.reporters.locations import locate
from gradcheck_cli.reporters.printable import make_line
from gradcheck_cli.reporters.tally import count_findings, show_tally


def render(report: Report) -> str:
    """The report as lines, the count last."""
    lines = [line for run in report.runs for line in _list_run(run)]
    lines.append(show_tally(count_findings(report), runs=len(report.runs)))
    return "".join(f"{make_line(line)}\n" for line in lines)


def _list_run(run: RunReport) -> Iterator[str]:
    for problem in run.errors:
        yield show_problem(problem, file=run.config)
    for finding in run.findings:
        place = locate(finding.path, run)
        line, column = (place.line, place.column) if place else (1, 1)
        yield f"{run.config}:{line}:{column}: {finding.rule} {finding.name}: {finding.message}"
    if run.fix is not None:
        yield f"{run.config}: fix: {show_search(run.fix)}"


def show_problem(problem: Problem, *, file: str) -> str:
    """`file:line:column: path: message; allowed: ...; hint`."""
    place = "".join(f":{part}" for part in (problem.line, problem.column) if part is not None)
    return f"{file}{place}: {problem}"
