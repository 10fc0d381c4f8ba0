"""`gradcheck check`: read, train, judge, report."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color, FailOn, OutputFormat

if TYPE_CHECKING:
    from gradcheck_cli.diagnosis.report import Report, RunReport

_PATIENCE_SECONDS = 5.0


def check(
    configs: options.Configs,
    select: options.Select = None,
    ignore: options.Ignore = None,
    fail_on: options.FailOnOption = FailOn.ERROR,
    settings: options.Set = None,
    seed: options.Seed = None,
    seeds: options.Seeds = 1,
    epochs: options.Epochs = None,
    max_steps: options.MaxSteps = None,
    device: options.DeviceOption = None,
    jobs: options.Jobs = 1,
    full: options.Full = False,
    allow_import: options.AllowImport = None,
    output_format: options.Format = OutputFormat.FULL,
    run_dir: options.RunDir = None,
    no_save: options.NoSave = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    color: options.ColorOption = Color.AUTO,
) -> int:
    """Train what a config describes and say what is wrong with it.

    [bold]Examples[/]

    gradcheck check config.yaml

    gradcheck check configs/ --jobs 2 --output-format concise

    gradcheck check config.yaml --seeds 5 --jobs 5

    gradcheck check config.yaml --set optimizer.lr=0.01 --select GC1,overfitting

    gradcheck check own_model.yaml --allow-import mypackage

    torchrun --nproc-per-node 2 -m gradcheck_cli check config.yaml
    """
    from gradcheck_cli.cli.console import write_message
    from gradcheck_cli.cli.output import write_report
    from gradcheck_cli.cli.progress import make_progress
    from gradcheck_cli.config.factory_reading import read_packages
    from gradcheck_cli.diagnosis.check import CheckOptions, check_many
    from gradcheck_cli.errors import ProcessError
    from gradcheck_cli.recording.launch import read_launch

    launch = read_launch()
    reports = launch is None or launch.reports
    wanted = CheckOptions(
        select=options.split_list(select),
        ignore=options.split_list(ignore) or (),
        fail_on=fail_on.value,
        overrides=options.collect_overrides(
            settings=settings, seed=seed, epochs=epochs, max_steps=max_steps, device=device
        ),
        full=full,
        seeds=seeds,
        run_dir=run_dir,
        save=not no_save,
        allow_import=read_packages(options.split_list(allow_import) or ()),
    )
    quiet = quiet or not reports
    is_announced = jobs > 1 and not quiet
    if is_announced:
        write_message(f"training {jobs} runs at a time")
    try:
        report = check_many(
            configs,
            wanted,
            jobs=jobs,
            progress=make_progress(sys.stderr, quiet=quiet),
            on_finished=_announce if is_announced else None,
        )
    except ProcessError as error:
        if error.problems:
            raise
        report = None
    if report is None or not reports:
        return _leave_word_to_first(report)
    write_report(report, output_format, color=color, verbose=verbose)
    return report.exit_code


def _leave_word_to_first(report: Report | None) -> int:
    """What all processes found is the first one's to say, and an exit code of another would end it before it does.

    Where the job could not be done, the first one has ended it after a moment, or it was done there.
    """
    from gradcheck_cli.cli.guard import FAILURE
    from gradcheck_cli.errors import GradcheckError

    if report is not None and report.exit_code == FAILURE:
        time.sleep(_PATIENCE_SECONDS)
        raise GradcheckError(problem for run in report.runs for problem in run.errors)
    return 0


def _announce(run: RunReport) -> None:
    from gradcheck_cli.cli.console import write_message

    write_message(f"{run.config}: {run.status.value}")
