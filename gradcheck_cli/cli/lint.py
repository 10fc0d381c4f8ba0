"""`gradcheck lint`: read, judge without training, report."""

from __future__ import annotations

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color, FailOn, OutputFormat


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
    from gradcheck_cli.cli.report_files import plan_reports
    from gradcheck_cli.cli.settings import SettingsFinder
    from gradcheck_cli.diagnosis.check import CheckOptions, lint_many

    files = plan_reports(reports, configs=configs)
    finder = SettingsFinder()
    tool = finder.for_command(configs)
    wanted = CheckOptions(
        select=options.split_list(select),
        extend_select=options.split_list(extend_select) or (),
        ignore=options.split_list(ignore) or (),
        settings_of=finder.rules_for,
        fail_on=(fail_on or tool.fail_on or FailOn.ERROR).value,
        baseline=baseline or tool.baseline,
        write_baseline=options.choose_baseline(write_baseline, baseline or tool.baseline),
        skip_others=skip_others,
        overrides=tuple(settings or ()),
    )
    report = lint_many(configs, wanted)
    write_report(
        report,
        output_format or tool.output_format or OutputFormat.FULL,
        color=color,
        verbose=verbose,
        files=files,
    )
    return report.exit_code
