"""The front door of this folder: check a config, search, prove, write; each is done elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gradcheck_cli.diagnosis.check import DEFAULTS, CheckOptions, check_config, conclude
from gradcheck_cli.diagnosis.failed_runs import report_crash
from gradcheck_cli.diagnosis.fix_report import DEFAULT_BUDGET, FIXED_FILE, FixOutcome, FixReport
from gradcheck_cli.diagnosis.reading import prepare
from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.diagnosis.silencing import describe_silenced
from gradcheck_cli.diagnosis.time_limit import limit_time, show_seconds
from gradcheck_cli.errors import Problem, TimeLimitError, UsageError
from gradcheck_cli.fixing.account import attach_verdicts, give_account
from gradcheck_cli.fixing.candidates import Candidate
from gradcheck_cli.fixing.course import Course, Setting, follow
from gradcheck_cli.fixing.race import Entrant
from gradcheck_cli.fixing.search import Search
from gradcheck_cli.fixing.target import choose_target
from gradcheck_cli.fixing.trials import Trial, Trials, summarize
from gradcheck_cli.fixing.watching import NOBODY, Watcher
from gradcheck_cli.fixing.writing import NOWHERE, Destination, has_relative_paths, write_fixed
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.recording.launch import read_launch
from gradcheck_cli.recording.progress import Progress

LEAST_TIME_S = 1e-3
"""What is left for a search where the first run took it all: a limit of 0 would be none."""


@dataclass(frozen=True)
class FixOptions:
    """What `fix` is asked for, the same for every config.

    Attributes:
        check: As for `check`; `timeout` is for all runs of one config, and `seeds`, `share` and `write_baseline` have
            no say here.
        unsafe: Whether a fix that changes the network's function may be chosen.
        budget: Full-length runs that all of it may cost: optimizer steps over the planned steps of the original.
        jobs: Runs trained at a time; the result is the same for any number.
        destination: Where fixed configs are written.
    """

    check: CheckOptions = DEFAULTS
    unsafe: bool = False
    budget: float = DEFAULT_BUDGET
    jobs: int = 1
    destination: Destination = NOWHERE


def fix_many(
    arguments: Sequence[str],
    options: FixOptions,
    *,
    progress: Progress | None = None,
    watcher: Watcher = NOBODY,
    on_finished: Callable[[RunReport], None] | None = None,
) -> Report:
    """Look for a fix of several configs, one after another.

    Args:
        arguments: Files, folders and globs.
        progress: Told of the first run of each.
        watcher: Told of the searches.
        on_finished: Told of each config as soon as it is done.

    Raises:
        UsageError: A rule does not exist, a folder or glob holds no config, or a place cannot be written;
            the settings or the baseline cannot be used; torchrun has started several processes.
    """
    _refuse_torchrun()
    found = prepare(arguments, options.check)
    options.destination.check(found.paths)
    runs: list[RunReport] = []
    for path in found.paths:
        runs.append(_fix_one(path, options, progress=progress, watcher=watcher, one_of_many=len(found.paths) > 1))
        if on_finished is not None:
            on_finished(runs[-1])
        if runs[-1].status is RunStatus.INTERRUPTED:
            break
    notes = list(describe_silenced(runs))
    if len(runs) < len(found.paths):
        notes.append(f"Not looked at: {', '.join(found.paths[len(runs) :])}.")
    return conclude("fix", runs, options.check, skipped=found.skipped, notes=tuple(notes))


def _refuse_torchrun() -> None:
    launch = read_launch()
    if launch is not None and launch.size > 1:
        message = f"fix trains many runs, not one run by {launch.size} processes together"
        raise UsageError([Problem("", message, hint="start it without torchrun, with --jobs for several at a time")])


def _fix_one(
    path: str, options: FixOptions, *, progress: Progress | None, watcher: Watcher, one_of_many: bool
) -> RunReport:
    try:
        return fix_config(path, options, progress=progress, watcher=watcher)
    # As in `check`: a fault of ours in one config must not cost the user the reports of all others.
    except Exception as error:
        if not one_of_many:
            raise
        watcher.finished()
        return report_crash(path, error)


def fix_config(
    path: str, options: FixOptions, *, progress: Progress | None = None, watcher: Watcher = NOBODY
) -> RunReport:
    """Check a config and look for a fix of what is found; the report describes the original, its `fix` the rest.

    Raises:
        UsageError: `options` names a rule that does not exist, or the baseline cannot be read.
    """
    began = time.monotonic()
    trials = Trials(path, replace(options.check, timeout=None), jobs=options.jobs, watcher=watcher)
    report = trials.settle(check_config(path, replace(options.check, seeds=1, share=1.0), progress=progress))
    original = summarize(report)
    if report.document is None or report.status is RunStatus.INTERRUPTED or (report.errors and not report.findings):
        return report
    text = report.document.text
    trials.enter(Trial(text, report.seed), original)
    target = choose_target(original)
    if target is None:
        nothing = FixReport(FixOutcome.NOTHING_TO_FIX, cost=trials.spent, metric=original.metric)
        return replace(report, fix=nothing)
    watcher.started(report.name, budget=options.budget)
    entrant = Entrant(Candidate(text), original, 1.0)
    setting = Setting(trials, target, entrant, seed=report.seed, budget=options.budget)
    searched = _search(report, setting, options, began=began)
    watcher.finished()
    return _write(searched, options.destination)


def _search(report: RunReport, setting: Setting, options: FixOptions, *, began: float) -> RunReport:
    """Search until it is done, interrupted, or out of time since `began`."""
    search = Search(
        setting.trials,
        setting.target,
        setting.original,
        seed=setting.seed,
        overrides=options.check.overrides,
        budget=options.budget,
    )
    course, status, errors = Course(), report.status, report.errors
    timeout = options.check.timeout
    left = None if timeout is None else max(timeout - (time.monotonic() - began), LEAST_TIME_S)
    try:
        with limit_time(left):
            follow(course, search, setting, unsafe=options.unsafe)
    except KeyboardInterrupt:
        status = RunStatus.INTERRUPTED
        course.notes.append("Interrupted: this is what was known by then.")
    except TimeLimitError:
        status, errors = RunStatus.FAILED, (*errors, _describe_timeout(timeout or 0.0))
        course.notes.append("Out of time: this is what was known by then.")
    account = give_account(course, search, setting)
    findings = attach_verdicts(report.findings, account.attempts)
    return replace(report, status=status, errors=errors, findings=findings, fix=account)


def _describe_timeout(seconds: float) -> Problem:
    return Problem(
        "",
        f"the search for a fix was not done after {show_seconds(seconds)} and was broken off",
        hint="allow more with --timeout, or spend less with --budget",
        is_of_config=False,
    )


def _write(report: RunReport, destination: Destination) -> RunReport:
    """Put the chosen config where it is asked for, and beside the saved run."""
    fix, target = report.fix, destination.find(report.config)
    if fix is None or fix.chosen is None or report.document is None:
        return report
    places = [] if report.run_dir is None else [report.run_dir / FIXED_FILE]
    faults = [
        fault
        for place in (*places, *([] if target is None else [target]))
        if (fault := write_fixed(fix.chosen.text, place, original=report.document.text, source=report.config))
    ]
    notes = (*fix.notes, *(f"Not written: {fault}." for fault in faults))
    if target is not None and has_relative_paths(report.document.data) and target.parent != Path(report.config).parent:
        notes = (*notes, f"Paths in it now start from {target.parent}, where its data are looked for.")
    return replace(report, fix=replace(fix, output=None if faults else target, notes=notes))
