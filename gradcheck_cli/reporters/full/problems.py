"""Why a job could not be done, each problem with the source line it concerns and a caret below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from gradcheck_cli.errors import Problem
from gradcheck_cli.reporters.concise import show_problem
from gradcheck_cli.reporters.full.text import DIM, SEVERITY_STYLES, STRONG, join, style
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.rules.base import Severity


def draw_problems(problems: Iterable[Problem], *, file: str, text: str | None, page: Page) -> Iterator[Text]:
    """Each problem in one line (wrapped where narrow), then its source line where `text` is known."""
    lines = text.split("\n") if text is not None else []
    for problem in problems:
        whole = style(show_problem(problem, file=file))
        whole.stylize(STRONG, 0, len(whole) - len(style(str(problem))))
        yield whole
        if problem.line is not None and 0 < problem.line <= len(lines):
            yield from _draw_source(lines[problem.line - 1], problem, page=page)


def _draw_source(line: str, problem: Problem, *, page: Page) -> Iterator[Text]:
    number = f"{problem.line:>5} {page.symbols.axis} "
    column = min(max((problem.column or 1) - 1, 0), len(line))
    room = page.width - len(number) - 1
    start = max(0, column - room + 10)
    shown = style(line.expandtabs(1)[start : start + room])
    yield join(style(number, DIM), shown)
    before = len(style(line.expandtabs(1)[start:column]))
    yield join(style(" " * 6 + page.symbols.axis + " ", DIM), " " * before, style("^", SEVERITY_STYLES[Severity.ERROR]))
