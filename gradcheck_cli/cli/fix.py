"""`gradcheck fix`: check, try fixes, prove one, show or write it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from gradcheck_cli.cli import options
from gradcheck_cli.cli.choices import Color

FIXES = "Fixes"


def fix(
    configs: options.Configs,
    write: Annotated[
        bool, typer.Option("--write", help="Write the proven fix into the config.", rich_help_panel=FIXES)
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="PATH",
            help="Write the fixed config here, or into this folder.",
            rich_help_panel=FIXES,
            show_default=False,
        ),
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print the fixes as a patch and nothing else.", rich_help_panel=FIXES)
    ] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option(
            "--unsafe-fixes",
            help="Also take fixes that change what the network computes or expects, or how long it trains.",
            rich_help_panel=FIXES,
        ),
    ] = False,
    budget: Annotated[
        float,
        typer.Option(
            "--budget",
            metavar="RUNS",
            min=1.0,
            help="What all of it may cost, in full-length training runs.",
            rich_help_panel=FIXES,
        ),
    ] = 12.0,
    select: options.Select = None,
    extend_select: options.ExtendSelect = None,
    ignore: options.Ignore = None,
    fail_on: options.FailOnOption = None,
    baseline: options.Baseline = None,
    skip_others: options.SkipOthers = False,
    settings: options.Set = None,
    seed: options.Seed = None,
    epochs: options.Epochs = None,
    max_steps: options.MaxSteps = None,
    device: options.DeviceOption = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            help="Train N runs at a time.",
            rich_help_panel=options.TRAINING,
            show_default="1",
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            help="Break off the search for a config that takes longer; it fails with what is known, the others go on.",
            rich_help_panel=options.TRAINING,
            show_default=False,
            callback=options.check_timeout,
        ),
    ] = None,
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
    """Find the smallest change that makes a network learn, and prove it by retraining.

    Nothing on disk is changed without --write or --output.

    Safe fixes change only how training runs: learning rate, schedule, clipping, initialisation, penalties.

    Unsafe ones change what the network computes or expects, or its cost; --unsafe-fixes allows them.

    Exits with 0 where the proven config has no finding at or above --fail-on, else with 1.

    [bold]Examples[/]

    gradcheck fix config.yaml

    gradcheck fix config.yaml --unsafe-fixes --write

    gradcheck fix configs/ --jobs 2 --diff > fixes.patch

    gradcheck fix configs/ --timeout 3600 --report markdown=fixes.md
    """
    from gradcheck_cli.cli.fix_progress import make_watcher
    from gradcheck_cli.cli.output import write_diff, write_report
    from gradcheck_cli.cli.progress import make_progress
    from gradcheck_cli.cli.request import make_request
    from gradcheck_cli.fixing.fix import FixOptions, fix_many
    from gradcheck_cli.fixing.writing import Destination

    request = make_request(
        configs,
        select=select,
        extend_select=extend_select,
        ignore=ignore,
        fail_on=fail_on,
        baseline=baseline,
        output_format=output_format,
        reports=reports,
        skip_others=skip_others,
        allow_import=allow_import,
        overrides=options.collect_overrides(
            settings=settings, seed=seed, epochs=epochs, max_steps=max_steps, device=device
        ),
        run_dir=run_dir,
        jobs=jobs,
    )
    wanted = FixOptions(
        replace(request.options, full=full, timeout=timeout, save=not no_save),
        unsafe=unsafe_fixes,
        budget=budget,
        jobs=request.jobs,
        destination=Destination(in_place=write, output=output),
    )
    report = fix_many(
        configs,
        wanted,
        progress=make_progress(sys.stderr, quiet=quiet),
        watcher=make_watcher(sys.stderr, quiet=quiet),
    )
    if diff:
        write_diff(report, files=request.files, verbose=verbose)
    else:
        write_report(report, request.output_format, color=color, verbose=verbose, files=request.files)
    return report.exit_code
