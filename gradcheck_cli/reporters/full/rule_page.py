"""A rule's manual page, and the list of rules, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradcheck_cli.reporters.full.report import draw
from gradcheck_cli.reporters.full.text import DIM, INDENT, STRONG, join, make_fields, style
from gradcheck_cli.reporters.numbers import show_number
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.rule_pages import read_sections
from gradcheck_cli.rules.base import Rule, Threshold

_GAP = Text("")


def render_pages(rules: Sequence[type[Rule]], *, page: Page) -> str:
    """The manual pages one below the other."""
    return draw((part for rule in rules for part in _draw_page(rule, first=rule is rules[0])), page=page)


def render_list(rules: Sequence[type[Rule]], *, page: Page) -> str:
    """Code, name and summary of each rule."""
    return draw(iter([_draw_list(rules), _GAP, style("Read one: gradcheck rule CODE", DIM)]), page=page)


def _draw_page(rule: type[Rule], *, first: bool) -> Iterator[RenderableType]:
    if not first:
        yield _GAP
    yield join(style(f"{rule.code} {rule.name}", STRONG), style(f"  {rule.family.value}", DIM))
    yield style(rule.summary)
    for section in read_sections(rule):
        yield _GAP
        yield style(section.heading, STRONG)
        yield Padding(_highlight_code(section.text), (0, 0, 0, INDENT))
    yield from _draw_thresholds(rule)
    if rule.aliases:
        yield _GAP
        yield style(f"Known elsewhere as {', '.join(rule.aliases)}.", DIM)


def _highlight_code(text: str) -> Text:
    highlighted = Text(text)
    highlighted.highlight_regex(r"`[^`\n]+`", "cyan")
    return highlighted


def _draw_thresholds(rule: type[Rule]) -> Iterator[RenderableType]:
    thresholds = rule.thresholds()
    if not thresholds:
        return
    yield _GAP
    yield style("Thresholds", STRONG)
    grid = make_fields(max(cell_len(threshold.name) for threshold in thresholds))
    for threshold in thresholds:
        grid.add_row(threshold.name, _describe_threshold(threshold))
    yield Padding(grid, (0, 0, 0, INDENT))
    first = thresholds[0]
    example = f"--set diagnostics.rules.{rule.name}.{first.name}={first.default:g}"
    yield Padding(style(f"Change one with {example}", DIM), (0, 0, 0, INDENT))


def _describe_threshold(threshold: Threshold) -> Text:
    unit = f" {threshold.unit}" if threshold.unit else ""
    return join(
        style(f"{show_number(threshold.default)}{unit}", STRONG),
        style(f"  {threshold.help}"),
        style(f" ({threshold.source})", DIM),
    )


def _draw_list(rules: Sequence[type[Rule]]) -> Table:
    table = Table.grid(padding=(0, INDENT, 0, 0))
    table.add_column(no_wrap=True, style=STRONG)
    table.add_column(no_wrap=True)
    table.add_column(style=DIM)
    for rule in rules:
        table.add_row(style(rule.code), style(rule.name), style(rule.summary))
    return table
