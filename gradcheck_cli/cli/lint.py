"""`gradcheck lint`: read, judge without training, report."""

from __future__ import annotations

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color, FailOn, OutputFormat


def lint(
    configs: options.Configs,
    select: options.Select = None,
    ignore: options.Ignore = None,
    fail_on: options.FailOnOption = FailOn.ERROR,
    settings: options.Set = None,
    output_format: options.Format = OutputFormat.FULL,
    reports: options.Reports = None,
    verbose: options.Verbose = False,
    color: options.ColorOption = Color.AUTO,
) -> int:
    """Check a config without training: its keys and values, and what can be seen in them.

    [bold]Examples[/]

    gradcheck lint config.yaml

    gradcheck lint 'configs/**/*.yaml' --fail-on warning

    gradcheck lint configs/ --output-format github --report sarif=gradcheck.sarif
    """
    from gradcheck_cli.cli.output import write_report
    from gradcheck_cli.cli.report_files import plan_reports
    from gradcheck_cli.diagnosis.check import CheckOptions, lint_many

    files = plan_reports(reports, configs=configs)
    wanted = CheckOptions(
        select=options.split_list(select),
        ignore=options.split_list(ignore) or (),
        fail_on=fail_on.value,
        overrides=tuple(settings or ()),
    )
    report = lint_many(configs, wanted)
    write_report(report, output_format, color=color, verbose=verbose, files=files)
    return report.exit_code
