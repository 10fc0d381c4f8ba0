"""One line a finding, `path:line:column: CODE name: message`, for editors and grep; it draws nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck_cli.diagnosis.report import Report, RuleStatus, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.reporters.locations import locate
from gradcheck_cli.reporters.printable import make_line
from gradcheck_cli.reporters.tally import count_findings, show_tally
from gradcheck_cli.rules.config.invalid_config import InvalidConfig


def render(report: Report) -> str:
    """The report as lines, the count last."""
    lines = [line for run in report.runs for line in _list_run(run)]
    lines.append(show_tally(count_findings(report), runs=len(report.runs)))
    return "".join(f"{make_line(line)}\n" for line in lines)


def _list_run(run: RunReport) -> Iterator[str]:
    for problem in run.errors:
        yield show_problem(problem, file=run.config, with_rule=True)
    for finding in run.findings:
        place = locate(finding.path, run)
        line, column = (place.line, place.column) if place else (1, 1)
        yield f"{run.config}:{line}:{column}: {finding.rule} {finding.name}: {finding.message}"
    if run.fix is not None:
        from gradcheck_cli.reporters.search_text import describe_search

        yield f"{run.config}: {describe_search(run, run.fix)}"
    for result in run.rules:
        if result.status is RuleStatus.CRASHED:
            yield f"{run.config}: {result.rule} {result.name} crashed: {result.reason}"


def show_problem(problem: Problem, *, file: str, with_rule: bool = False) -> str:
    """`file:line:column: path: message; allowed: ...; hint`; with the rule on invalid configs before it if wanted."""
    place = "".join(f":{part}" for part in (problem.line, problem.column) if part is not None)
    rule = f"{InvalidConfig.code} {InvalidConfig.name}: " if with_rule and problem.is_of_config else ""
    return f"{file}{place}: {rule}{problem}"
