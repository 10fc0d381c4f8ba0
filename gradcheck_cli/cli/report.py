"""`gradcheck report`: a saved run, judged again and shown in any format."""

from __future__ import annotations

from typing import Annotated

import typer

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color, FailOn, OutputFormat


def report(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run folder or the start of its name; the latest run if left out."),
    ] = None,
    select: options.Select = None,
    ignore: options.Ignore = None,
    fail_on: options.FailOnOption = FailOn.ERROR,
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
    output_format: options.Format = OutputFormat.FULL,
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
    from gradcheck_cli.cli.report_files import plan_reports
    from gradcheck_cli.diagnosis.check import CheckOptions, report_saved

    files = plan_reports(reports)
    wanted = CheckOptions(
        select=options.split_list(select),
        ignore=options.split_list(ignore) or (),
        fail_on=fail_on.value,
        overrides=tuple(settings or ()),
        run_dir=run_dir,
    )
    shown = report_saved(run, wanted)
    write_report(shown, output_format, color=color, verbose=verbose, files=files)
    return shown.exit_code
