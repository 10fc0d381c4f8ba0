"""What the options and the tool settings ask for together, for every command that judges; it carries nothing out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck_cli.cli.choices import FailOn, OutputFormat
from gradcheck_cli.cli.options import choose_baseline, split_list
from gradcheck_cli.cli.report_files import ReportFile, plan_reports
from gradcheck_cli.cli.settings import SettingsFinder
from gradcheck_cli.config.factory_reading import read_packages
from gradcheck_cli.diagnosis.check_options import CheckOptions


@dataclass(frozen=True)
class Request:
    """What a command is to do, and what becomes of its report.

    Attributes:
        options: What is asked for where the command itself adds nothing.
        jobs: Runs at a time.
        files: Reports to write beside that on standard output.
    """

    options: CheckOptions
    output_format: OutputFormat
    jobs: int
    files: tuple[ReportFile, ...]


def make_request(
    configs: Sequence[str] = (),
    *,
    select: Sequence[str] | None,
    extend_select: Sequence[str] | None,
    ignore: Sequence[str] | None,
    fail_on: FailOn | None,
    baseline: Path | None,
    output_format: OutputFormat | None,
    reports: Sequence[str] | None,
    write_baseline: str | None = None,
    skip_others: bool = False,
    allow_import: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    run_dir: Path | None = None,
    jobs: int | None = None,
) -> Request:
    """Options as they were given, over the settings that hold for these configs.

    Args:
        configs: Files, folders and globs; none for a command that reads no config.
        allow_import: Of the command line or the environment; settings have no say in it.

    Raises:
        UsageError: The settings cannot be used, a place for a report cannot be written, or a package has no such name.
    """
    files = plan_reports(reports, configs=configs)
    finder = SettingsFinder()
    tool = finder.for_command(configs)
    known = baseline or tool.baseline
    options = CheckOptions(
        select=split_list(select),
        extend_select=split_list(extend_select) or (),
        ignore=split_list(ignore) or (),
        settings_of=finder.rules_for,
        fail_on=(fail_on or tool.fail_on or FailOn.ERROR).value,
        baseline=known,
        write_baseline=choose_baseline(write_baseline, known),
        skip_others=skip_others,
        allow_import=read_packages(split_list(allow_import) or ()),
        overrides=tuple(overrides),
        run_dir=run_dir or tool.run_dir,
    )
    return Request(options, output_format or tool.output_format or OutputFormat.FULL, jobs or tool.jobs or 1, files)
