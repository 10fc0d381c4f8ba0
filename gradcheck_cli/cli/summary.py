"""`gradcheck summary`: the config as resolved and the layers as built; nothing is trained."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color, SummaryFormat
from gradcheck_cli.cli.guard import FAILURE
from gradcheck_cli.errors import GradcheckError


def summary(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A YAML file.", show_default=False)],
    settings: options.Set = None,
    seed: options.Seed = None,
    allow_import: options.AllowImport = None,
    output_format: Annotated[
        SummaryFormat, typer.Option("--output-format", help="Format on standard output.")
    ] = SummaryFormat.FULL,
    color: options.ColorOption = Color.AUTO,
) -> int:
    """Show a config as resolved, and its layers with shapes, parameters and initial weights.

    [bold]Example[/]

    gradcheck summary config.yaml --set model.weight_init=xavier_normal_
    """
    from gradcheck_cli.cli.console import make_page, write_result
    from gradcheck_cli.cli.output import write_problems
    from gradcheck_cli.config.factory_reading import read_packages
    from gradcheck_cli.diagnosis.check import summarize_config
    from gradcheck_cli.reporters import model_summary

    overrides = options.collect_overrides(settings=settings, seed=seed)
    try:
        loaded, description = summarize_config(
            config, overrides=overrides, allow_import=read_packages(options.split_list(allow_import) or ())
        )
    except GradcheckError as error:
        write_problems(error, config, color=color)
        return FAILURE
    if output_format is SummaryFormat.JSON:
        write_result(model_summary.render_json(loaded, description))
        return 0
    from gradcheck_cli.reporters.full import summary_page

    write_result(summary_page.render(loaded, description, page=make_page(sys.stdout, color=color)))
    return 0
