"""The one place where the stages are joined: config, training, rules, report; it decides nothing of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.check_options import DEFAULTS, CheckOptions
from gradcheck_cli.diagnosis.config_files import show_skipped
from gradcheck_cli.diagnosis.coverage import measure_coverage
from gradcheck_cli.diagnosis.exit_code import INTERRUPTED, find_exit_code
from gradcheck_cli.diagnosis.failed_runs import report_crash, report_killed
from gradcheck_cli.diagnosis.judged_runs import describe_untrained, report_refused, report_run
from gradcheck_cli.diagnosis.many_runs import group_seeds, run_in_parallel, run_in_turn
from gradcheck_cli.diagnosis.own_loop import judge_recorded
from gradcheck_cli.diagnosis.reading import prepare, read_file, read_text, settle_diagnostics, settle_rules
from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.diagnosis.saving import RUN_ROOT, RunSaving
from gradcheck_cli.diagnosis.silencing import silence
from gradcheck_cli.errors import ConfigError, GradcheckError, Problem, ProcessError, UsageError
from gradcheck_cli.recording.history import History, RunStatus
from gradcheck_cli.recording.launch import read_launch
from gradcheck_cli.rules.selection import rule_table

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document
    from gradcheck_cli.config.schema import Config
    from gradcheck_cli.recording.description import RunDescription
    from gradcheck_cli.recording.progress import Progress
    from gradcheck_cli.recording.saved_run import SavedRun

__all__ = [
    "DEFAULTS",
    "CheckOptions",
    "check_config",
    "check_many",
    "check_text",
    "conclude",
    "judge_saved",
    "lint_config",
    "lint_many",
    "report_saved",
    "summarize_config",
]


def check_config(path: str | Path, options: CheckOptions = DEFAULTS, *, progress: Progress | None = None) -> RunReport:
    """Read, train, judge. What the user can mend about the config comes back as the report's errors.

    Raises:
        UsageError: `options` names a rule that does not exist.
        ProcessError: Another process of the same job failed, or this one alone did.
    """
    return _check(read_file(path, options), options, progress=progress)


def check_text(text: str, options: CheckOptions = DEFAULTS, *, source: str) -> RunReport:
    """The same for a text that stands in no file.

    Args:
        source: The name of the file that it would stand in; paths in it start from that file's folder.
    """
    return _check(read_text(text, options, source=source), options)


def _check(
    loaded: tuple[Config, Document] | RunReport, options: CheckOptions, *, progress: Progress | None = None
) -> RunReport:
    if isinstance(loaded, RunReport):
        return loaded
    config, document = loaded
    launch = read_launch()
    keeps = options.save and (launch is None or launch.reports)
    saving = RunSaving(config, document, root=options.run_dir) if keeps else None
    try:
        history = _train(config, document, options, saving=saving, progress=progress)
    except ProcessError:
        raise
    except GradcheckError as error:
        if progress is not None:
            progress.finished(RunStatus.FAILED)
        return report_refused(config, document, error)
    report = report_run(history, config, document)
    return report if saving is None else _save(report, history, saving)


def lint_config(path: str | Path, options: CheckOptions = DEFAULTS) -> RunReport:
    """Read a config and judge what shows without training; torch is not imported, and no data file opened.

    Raises:
        UsageError: `options` names a rule that does not exist.
    """
    loaded = read_file(path, options)
    if isinstance(loaded, RunReport):
        return loaded
    return report_run(describe_untrained(loaded[0], RunStatus.LINTED), *loaded)


def check_many(
    arguments: Sequence[str],
    options: CheckOptions = DEFAULTS,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    on_finished: Callable[[RunReport], None] | None = None,
) -> Report:
    """Check several configs, one after another or `jobs` at a time in processes of their own, with equal results.

    Args:
        arguments: Files, folders and globs.
        progress: Shown only where one runs after another.
        on_finished: Told of each run as soon as it is done, in the order of the arguments.

    Raises:
        UsageError: A rule does not exist, a folder or glob holds no config, or torchrun is to train several runs.
        ProcessError: As `check_config`.
    """
    found = prepare(arguments, options)
    _refuse_many_under_torchrun(len(found.paths) * options.seeds)
    runs: list[RunReport] = []
    try:
        for run in group_seeds(_check_all(found.paths, options, jobs=jobs, progress=progress), seeds=options.seeds):
            runs.append(run)
            if on_finished is not None:
                on_finished(run)
    except KeyboardInterrupt:
        # A single run ends by itself and says so; here the interrupt has ended the processes, and what was done stays.
        if jobs == 1 or not runs:
            raise
        note = f"Interrupted: {len(runs)} of {len(found.paths)} configs were checked."
        return replace(_gather("check", runs, options, skipped=found.skipped, note=note), exit_code=INTERRUPTED)
    launch = read_launch()
    if launch is not None and not launch.reports:
        # Of several processes with the same findings, one reads and writes the baseline.
        return conclude("check", runs, options, skipped=found.skipped)
    return _gather("check", runs, options, skipped=found.skipped)


def _refuse_many_under_torchrun(runs: int) -> None:
    launch = read_launch()
    if runs > 1 and launch is not None and launch.size > 1:
        message = f"{launch.size} processes train one run together, not {runs} of them"
        raise UsageError([Problem("", message, hint="name one config and one seed, or use --jobs without torchrun")])


def _check_all(
    paths: Sequence[str], options: CheckOptions, *, jobs: int, progress: Progress | None
) -> Iterator[RunReport]:
    """Every seed of every config, in order."""
    places = [(path, offset) for path in paths for offset in range(options.seeds)]
    is_parallel = jobs > 1 and len(places) > 1
    call = partial(_check_one, progress=None if is_parallel else progress, one_of_many=len(places) > 1)
    calls = [partial(call, path, options, offset=offset) for path, offset in places]
    if is_parallel:
        return run_in_parallel(calls, jobs=jobs, on_lost=lambda index: report_killed(places[index][0]))
    return run_in_turn(calls)


def lint_many(arguments: Sequence[str], options: CheckOptions = DEFAULTS) -> Report:
    """Lint several configs; arguments and errors as in `check_many`."""
    found = prepare(arguments, options)
    runs = [lint_config(path, options) for path in found.paths]
    return _gather("lint", runs, options, skipped=found.skipped)


def report_saved(run: str | None = None, options: CheckOptions = DEFAULTS) -> Report:
    """Judge a saved run again; torch is not imported.

    Args:
        run: A run folder or the start of its name; None for the latest.
        options: `overrides` may change `diagnostics` only.

    Raises:
        RunFolderError: There is no such run, or it cannot be read.
        UsageError: An override concerns something that was settled when the run was trained.
        ConfigError: Its config cannot be read any more.
    """
    return _gather("report", [judge_saved(run, options)], options)


def judge_saved(run: str | None = None, options: CheckOptions = DEFAULTS) -> RunReport:
    """The one run of `report_saved`."""
    from gradcheck_cli.config.document import parse_document
    from gradcheck_cli.config.loading import load_config
    from gradcheck_cli.recording.run_folder import find_run, read_run

    settled = [text for text in options.overrides if not text.strip().startswith("diagnostics.")]
    if settled:
        message = f"--set {settled[0]} cannot change a run that is already trained"
        raise UsageError([Problem("", message, allowed="keys below `diagnostics`")])
    saved = read_run(find_run(options.run_dir or RUN_ROOT, run))
    if not saved.config_text:
        return replace(_judge_own_loop(saved, options), run_dir=saved.path)
    overrides = (*saved.overrides, *options.overrides)
    document = parse_document(saved.config_text, source=saved.source or saved.name, overrides=overrides)
    loaded = load_config(document, rules=rule_table())
    config = settle_rules(loaded, options.settings_of(document.source), options)
    return replace(report_run(saved.history, config, document), run_dir=saved.path)


def _judge_own_loop(saved: SavedRun, options: CheckOptions) -> RunReport:
    """A run that was recorded in somebody's own loop: there is no config, but thresholds may be given."""
    from gradcheck_cli.config.document import parse_document
    from gradcheck_cli.config.loading import load_diagnostics

    document = parse_document("diagnostics: {}", source=saved.name, overrides=options.overrides)
    given = load_diagnostics(document, rules=rule_table())
    return judge_recorded(saved.history, settle_diagnostics(given, options.settings_of(str(saved.path)), options))


def summarize_config(
    path: str | Path, *, overrides: Sequence[str] = (), allow_import: Sequence[str] = ()
) -> tuple[Config, RunDescription]:
    """The config as resolved, and the network as built on one batch.

    Args:
        allow_import: As in `CheckOptions`.

    Raises:
        ConfigError, DataError, ModelError: The config, its data or its network cannot be used.
    """
    loaded = read_file(path, CheckOptions(overrides=tuple(overrides)))
    if isinstance(loaded, RunReport):
        raise ConfigError(loaded.errors)
    from gradcheck_cli.training.summary import summarize

    return loaded[0], summarize(loaded[0], Path(path).parent, allow_import=allow_import)


def _train(
    config: Config, document: Document, options: CheckOptions, *, saving: RunSaving | None, progress: Progress | None
) -> History:
    # Imported here: this alone needs torch, and `lint`, `report` and `--help` must start without it. Not under the time
    # limit: an import of torch that is broken off cannot be taken up again by the next config.
    from gradcheck_cli.diagnosis.time_limit import limit_time
    from gradcheck_cli.training.run import train

    on_epoch = None if saving is None else saving.write_epoch
    base = Path(document.source).parent
    with limit_time(options.timeout):
        return train(
            config,
            base=base,
            progress=progress,
            on_epoch=on_epoch,
            full=options.full,
            share=options.share,
            allow_import=options.allow_import,
        )


def _save(report: RunReport, history: History, saving: RunSaving) -> RunReport:
    run_dir = saving.finish(history, report.findings)
    if not saving.fault:
        return replace(report, run_dir=run_dir)
    noted = replace(history, notes=(*history.notes, f"Not saved: {saving.fault}."))
    return replace(report, history=noted, coverage=measure_coverage(noted))


def _check_one(
    path: str, options: CheckOptions, *, progress: Progress | None, offset: int, one_of_many: bool
) -> RunReport:
    """One seed of one config: its own, plus `offset`."""
    try:
        return check_config(path, _with_later_seed(path, options, offset), progress=progress)
    # A fault of ours in one config must not cost the user the reports of all others; alone, it is shown in full.
    except Exception as error:
        if not one_of_many:
            raise
        return report_crash(path, error)


def _with_later_seed(path: str, options: CheckOptions, offset: int) -> CheckOptions:
    """Only the first seed's run is kept: it is the one whose numbers the report shows."""
    loaded = read_file(path, options) if offset else None
    if loaded is None or isinstance(loaded, RunReport):
        return options
    return replace(options, overrides=(*options.overrides, f"seed={loaded[0].seed + offset}"), save=False)


def _gather(
    command: str, runs: Sequence[RunReport], options: CheckOptions, *, skipped: int = 0, note: str = ""
) -> Report:
    settled, notes = silence(runs, baseline=options.baseline, write_to=options.write_baseline)
    return conclude(command, settled, options, skipped=skipped, notes=(*notes, *filter(None, [note])))


def conclude(
    command: str, runs: Sequence[RunReport], options: CheckOptions, *, skipped: int = 0, notes: Sequence[str] = ()
) -> Report:
    """The report of a command, of runs without what is silenced.

    Args:
        skipped: Files that were passed over.
    """
    passed_over = [f"Skipped {show_skipped(skipped)}."] if skipped else []
    exit_code = find_exit_code(runs, fail_on=options.fail_on)
    return Report(command, tuple(runs), exit_code, (*notes, *passed_over), fail_on=options.fail_on)
