"""`gradcheck check`: read, train, judge, report."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color

if TYPE_CHECKING:
    from gradcheck_cli.diagnosis.report import Report, RunReport

_PATIENCE_SECONDS = 5.0


def check(
    configs: options.Configs,
    select: options.Select = None,
    extend_select: options.ExtendSelect = None,
    ignore: options.Ignore = None,
    fail_on: options.FailOnOption = None,
    baseline: options.Baseline = None,
    write_baseline: options.WriteBaseline = None,
    skip_others: options.SkipOthers = False,
    settings: options.Set = None,
    seed: options.Seed = None,
    seeds: options.Seeds = 1,
    epochs: options.Epochs = None,
    max_steps: options.MaxSteps = None,
    device: options.DeviceOption = None,
    jobs: options.Jobs = None,
    timeout: options.Timeout = None,
    full: options.Full = False,
    allow_import: options.AllowImport = None,
    output_format: options.Format = None,
    reports: options.Reports = None,
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

    gradcheck check configs/ --timeout 600 --report sarif=gradcheck.sarif --report junit=gradcheck.xml

    gradcheck check config.yaml --set optimizer.lr=0.01 --select GC1,overfitting

    gradcheck check own_model.yaml --allow-import mypackage

    torchrun --nproc-per-node 2 -m gradcheck_cli check config.yaml
    """
    from gradcheck_cli.cli.console import write_message
    from gradcheck_cli.cli.output import write_report
    from gradcheck_cli.cli.progress import make_progress
    from gradcheck_cli.cli.request import make_request
    from gradcheck_cli.diagnosis.check import check_many
    from gradcheck_cli.errors import ProcessError
    from gradcheck_cli.recording.launch import read_launch

    launch = read_launch()
    is_heard = launch is None or launch.reports
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
        allow_import=allow_import,
        overrides=options.collect_overrides(
            settings=settings, seed=seed, epochs=epochs, max_steps=max_steps, device=device
        ),
        run_dir=run_dir,
        jobs=jobs,
    )
    wanted = replace(request.options, full=full, seeds=seeds, timeout=timeout, save=not no_save)
    quiet = quiet or not is_heard
    is_announced = request.jobs > 1 and not quiet
    if is_announced:
        write_message(f"training {request.jobs} runs at a time")
    try:
        report = check_many(
            configs,
            wanted,
            jobs=request.jobs,
            progress=make_progress(sys.stderr, quiet=quiet),
            on_finished=_announce if is_announced else None,
        )
    except ProcessError as error:
        if error.problems:
            raise
        report = None
    if report is None or not is_heard:
        return _leave_word_to_first(report)
    write_report(report, request.output_format, color=color, verbose=verbose, files=request.files)
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
