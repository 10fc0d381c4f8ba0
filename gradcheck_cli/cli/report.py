"""`gradcheck report`: a saved run, judged again and shown in any format."""

from __future__ import annotations

from typing import Annotated

import typer

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color


def report(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run folder or the start of its name; the latest run if left out."),
    ] = None,
    select: options.Select = None,
    extend_select: options.ExtendSelect = None,
    ignore: options.Ignore = None,
    fail_on: options.FailOnOption = None,
    baseline: options.Baseline = None,
    write_baseline: options.WriteBaseline = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change diagnostics, such as diagnostics.rules.overfitting.min_rise=0.2.",
            rich_help_panel=options.SELECTION,
            show_default=False,
        ),
    ] = None,
    output_format: options.Format = None,
    reports: options.Reports = None,
    run_dir: options.RunDir = None,
    verbose: options.Verbose = False,
    color: options.ColorOption = Color.AUTO,
) -> int:
    """Show a saved run again, judged with the rules and thresholds of today; nothing is trained.

    [bold]Examples[/]

    gradcheck report

    gradcheck report vanishing --output-format json

    gradcheck report --report markdown=report.md
    """
    from gradcheck_cli.cli.output import write_report
    from gradcheck_cli.cli.request import make_request
    from gradcheck_cli.diagnosis.check import report_saved

    request = make_request(
        select=select,
        extend_select=extend_select,
        ignore=ignore,
        fail_on=fail_on,
        baseline=baseline,
        output_format=output_format,
        reports=reports,
        write_baseline=write_baseline,
        overrides=settings or (),
        run_dir=run_dir,
    )
    shown = report_saved(run, request.options)
    write_report(shown, request.output_format, color=color, verbose=verbose, files=request.files)
    return shown.exit_code
