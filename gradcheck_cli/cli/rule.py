"""`gradcheck rule`: manual pages of rules, and the list of all."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color, PageFormat
from gradcheck_cli.cli.completion import complete_names


def rule(
    queries: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RULE...]",
            help="Codes, prefixes, names, or the names that other tools use.",
            autocompletion=complete_names,
        ),
    ] = None,
    all_rules: Annotated[bool, typer.Option("--all", help="List every rule.")] = False,
    output_format: Annotated[
        PageFormat, typer.Option("--output-format", help="Format of the pages.")
    ] = PageFormat.FULL,
    color: options.ColorOption = Color.AUTO,
) -> int:
    """Say what a rule finds, why it matters, how it decides, and what to do.

    [bold]Examples[/]

    gradcheck rule

    gradcheck rule GC101

    gradcheck rule overfitting DeadRelu
    """
    from gradcheck_cli.cli.console import make_page, write_result
    from gradcheck_cli.reporters import rule_pages
    from gradcheck_cli.reporters.full import rule_page
    from gradcheck_cli.rules import ALL
    from gradcheck_cli.rules.selection import find_rules

    wanted = tuple(dict.fromkeys(found for query in queries or () for found in find_rules(query)))
    rules = tuple(ALL) if all_rules or not wanted else wanted
    if output_format is not PageFormat.FULL:
        write_result(rule_pages.RENDERERS[output_format.value](rules))
        return 0
    page = make_page(sys.stdout, color=color)
    draw = rule_page.render_pages if wanted and not all_rules else rule_page.render_list
    write_result(draw(rules, page=page))
    return 0
