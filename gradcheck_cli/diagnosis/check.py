"""The one place where the stages are joined: config, training, rules, report; it decides nothing of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.config_files import find_configs
from gradcheck_cli.diagnosis.coverage import measure_coverage
from gradcheck_cli.diagnosis.exit_code import FailOn, find_exit_code
from gradcheck_cli.diagnosis.judge import choose_rules, judge
from gradcheck_cli.diagnosis.many_runs import group_seeds, run_in_parallel, run_in_turn
from gradcheck_cli.diagnosis.own_loop import judge_recorded
from gradcheck_cli.diagnosis.refusal import blame
from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.diagnosis.saving import RUN_ROOT, RunSaving
from gradcheck_cli.errors import ConfigError, DataError, GradcheckError, Problem, UsageError
from gradcheck_cli.recording.history import Environment, History, RunStatus
from gradcheck_cli.recording.refused_network import RefusedNetworkError
from gradcheck_cli.rules.selection import rule_table

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document
    from gradcheck_cli.config.schema import Config
    from gradcheck_cli.recording.description import RunDescription
    from gradcheck_cli.recording.progress import Progress


@dataclass(frozen=True)
class CheckOptions:
    """What a command asks for, the same for every config.

    Attributes:
        select: Goes over the configs' own selection; None leaves theirs.
        ignore: Adds to the configs' own.
        overrides: `KEY=VALUE` as of `--set`.
        fail_on: From which severity on findings fail the command: error, warning, info or never.
        full: Never stop a run early.
        seeds: How many seeds of each config are trained, from its own one on (`check_many` only).
        save: Whether to keep a run folder.
        run_dir: Where; None means `.gradcheck/runs`.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    fail_on: str = FailOn.ERROR
    full: bool = False
    seeds: int = 1
    save: bool = True
    run_dir: Path | None = None


DEFAULTS = CheckOptions()


def check_config(path: str | Path, options: CheckOptions = DEFAULTS, *, progress: Progress | None = None) -> RunReport:
    """Read, train, judge. What the user can mend about the config comes back as the report's errors.

    Raises:
        UsageError: `options` names a rule that does not exist.
    """
    loaded = _load(path, options)
    if isinstance(loaded, RunReport):
        return loaded
    config, document = loaded
    saving = RunSaving(config, document, root=options.run_dir) if options.save else None
    try:
        history = _train(config, document, saving=saving, progress=progress, full=options.full)
    except GradcheckError as error:
        return _refuse(config, document, options, error)
    report = _judge(history, config, document, options)
    return report if saving is None else _save(report, history, saving)


def lint_config(path: str | Path, options: CheckOptions = DEFAULTS) -> RunReport:
    """Read a config and judge what shows without training; torch is not imported, and no data file opened.

    Raises:
        UsageError: `options` names a rule that does not exist.
    """
    loaded = _load(path, options)
    if isinstance(loaded, RunReport):
        return loaded
    return _judge(_describe(loaded[0], RunStatus.LINTED), *loaded, options)


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
        UsageError: A rule does not exist, or a folder or glob holds no config.
    """
    choose_rules(None, select=options.select, ignore=options.ignore)
    found = find_configs(arguments)
    one_of_many = len(found.paths) * options.seeds > 1
    shown = progress if jobs == 1 or not one_of_many else None
    calls = [
        partial(_check_one, path, options, progress=shown, offset=offset, one_of_many=one_of_many)
        for path in found.paths
        for offset in range(options.seeds)
    ]
    finished = run_in_parallel(calls, jobs=jobs) if jobs > 1 and one_of_many else run_in_turn(calls)
    runs = []
    for run in group_seeds(finished, seeds=options.seeds):
        runs.append(run)
        if on_finished is not None:
            on_finished(run)
    return _gather("check", runs, options, skipped=found.skipped)


def lint_many(arguments: Sequence[str], options: CheckOptions = DEFAULTS) -> Report:
    """Lint several configs; arguments and errors as in `check_many`."""
    choose_rules(None, select=options.select, ignore=options.ignore)
    found = find_configs(arguments)
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
        return replace(_judge_own_loop(saved.history, options), run_dir=saved.path)
    overrides = (*saved.overrides, *options.overrides)
    document = parse_document(saved.config_text, source=saved.source or saved.name, overrides=overrides)
    config = load_config(document, rules=rule_table())
    return replace(_judge(saved.history, config, document, options), run_dir=saved.path)


def _judge_own_loop(history: History, options: CheckOptions) -> RunReport:
    """A run that was recorded in somebody's own loop: there is no config, but thresholds may be given."""
    from gradcheck_cli.config.document import parse_document
    from gradcheck_cli.config.loading import load_diagnostics

    document = parse_document("diagnostics: {}", source=history.description.name, overrides=options.overrides)
    diagnostics = load_diagnostics(document, rules=rule_table())
    return judge_recorded(history, diagnostics, select=options.select, ignore=options.ignore)


def summarize_config(path: str | Path, *, overrides: Sequence[str] = ()) -> tuple[Config, RunDescription]:
    """The config as resolved, and the network as built on one batch.

    Raises:
        ConfigError, DataError, ModelError: The config, its data or its network cannot be used.
    """
    loaded = _load(path, CheckOptions(overrides=tuple(overrides)))
    if isinstance(loaded, RunReport):
        raise ConfigError(loaded.errors)
    from gradcheck_cli.training.summary import summarize

    return loaded[0], summarize(loaded[0], Path(path).parent)


def _load(path: str | Path, options: CheckOptions) -> tuple[Config, Document] | RunReport:
    """The config and its text, or the report that says why it cannot be read."""
    from gradcheck_cli.config.document import read_document
    from gradcheck_cli.config.loading import parse_config

    choose_rules(None, select=options.select, ignore=options.ignore)
    document: Document | None = None
    try:
        document = read_document(Path(path), source=str(path), overrides=options.overrides, collect=True)
        config, problems = parse_config(document, rules=rule_table())
    except GradcheckError as error:
        config, problems = None, list(error.problems)
    if config is not None and document is not None:
        return config, document
    return _fail(str(path), document, problems)


def _train(
    config: Config, document: Document, *, saving: RunSaving | None, progress: Progress | None, full: bool
) -> History:
    # Imported here: this alone needs torch, and `lint`, `report` and `--help` must start without it.
    from gradcheck_cli.training.run import train

    on_epoch = None if saving is None else saving.write_epoch
    return train(config, base=Path(document.source).parent, progress=progress, on_epoch=on_epoch, full=full)


def _judge(history: History, config: Config, document: Document, options: CheckOptions) -> RunReport:
    judgement = judge(history, config, document, select=options.select, ignore=options.ignore)
    return RunReport(
        config=document.source,
        name=config.name,
        seed=history.environment.seed,
        status=history.status,
        history=history,
        document=document,
        harm=judgement.harm,
        coverage=judgement.coverage,
        rules=judgement.rules,
        findings=judgement.findings,
    )


def _save(report: RunReport, history: History, saving: RunSaving) -> RunReport:
    run_dir = saving.finish(history, report.findings)
    if not saving.fault:
        return replace(report, run_dir=run_dir)
    noted = replace(history, notes=(*history.notes, f"Not saved: {saving.fault}."))
    return replace(report, history=noted, coverage=measure_coverage(noted))


def _refuse(config: Config, document: Document, options: CheckOptions, error: GradcheckError) -> RunReport:
    """The report of a network or data that cannot be used, with what the rules say that need no training."""
    profile = error.profile if isinstance(error, DataError) else None
    description = error.description if isinstance(error, RefusedNetworkError) else None
    failed = replace(_describe(config, RunStatus.FAILED, description), data_profile=profile)
    judged = _judge(failed, config, document, options)
    findings = blame(judged.findings, error.problems)
    return replace(judged, errors=_locate(error.problems, document), findings=findings)


def _fail(path: str, document: Document | None, problems: Sequence[Problem]) -> RunReport:
    errors = tuple(problems) if document is None else _locate(problems, document)
    return RunReport(
        config=path, name=Path(path).stem, seed=0, status=RunStatus.FAILED, errors=errors, document=document
    )


def _locate(problems: Sequence[Problem], document: Document) -> tuple[Problem, ...]:
    """Fill in line and column where only the path is known."""
    located = []
    for problem in problems:
        if problem.line is None and problem.path:
            place = document.position(problem.path)
            problem = replace(problem, line=place.line, column=place.column)
        located.append(problem)
    return tuple(located)


def _describe(config: Config, status: RunStatus, description: RunDescription | None = None) -> History:
    """A History of a run that was not trained; its description is made of the config alone where none is given."""
    from gradcheck_cli.recording.describing import describe

    threads = config.trainer.threads or 0
    environment = Environment(config.seed, threads, config.trainer.device.value, config.trainer.precision.value)
    return History(description=description or describe(config), environment=environment, status=status)


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
        message = f"internal error: {type(error).__name__}: {error}"
        return _fail(path, None, [Problem("", message, hint="this is a fault of gradcheck; check this config alone")])


def _with_later_seed(path: str, options: CheckOptions, offset: int) -> CheckOptions:
    """Only the first seed's run is kept: it is the one whose numbers the report shows."""
    loaded = _load(path, options) if offset else None
    if loaded is None or isinstance(loaded, RunReport):
        return options
    return replace(options, overrides=(*options.overrides, f"seed={loaded[0].seed + offset}"), save=False)


def _gather(command: str, runs: Sequence[RunReport], options: CheckOptions, *, skipped: int = 0) -> Report:
    notes = (f"Skipped {skipped} YAML files that are no gradcheck configs.",) if skipped else ()
    return Report(command, tuple(runs), find_exit_code(runs, fail_on=options.fail_on), notes)
