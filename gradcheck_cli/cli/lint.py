"""`gradcheck lint`: read, judge without training, report."""

from __future__ import annotations

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color


def lint(
    configs: options.Configs,
    select: options.Select = None,
    extend_select: options.ExtendSelect = None,
    ignore: options.Ignore = None,
    fail_on: options.FailOnOption = None,
    baseline: options.Baseline = None,
    write_baseline: options.WriteBaseline = None,
    skip_others: options.SkipOthers = False,
    settings: options.Set = None,
    output_format: options.Format = None,
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
    from gradcheck_cli.cli.request import make_request
    from gradcheck_cli.diagnosis.check import lint_many

    request = make_request(
        configs,
        select=select,
        extend_select=extend_select,
        ignore=ignore,
        fail_on=fail_on,
        baseline=baseline,
        output_format=output_format,
        reports=reports,
        write_baseline=write_baseline,
        skip_others=skip_others,
        overrides=settings or (),
    )
    report = lint_many(configs, request.options)
    write_report(report, request.output_format, color=color, verbose=verbose, files=request.files)
    return report.exit_code
