"""Carries out many runs, one after another or in processes of their own, in a fixed order; it judges none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.diagnosis.seeds import merge_seeds
from gradcheck_cli.recording.history import RunStatus

Result = TypeVar("Result")


def run_in_turn(calls: Iterable[Callable[[], RunReport]]) -> Iterator[RunReport]:
    """One after another, up to the first that is interrupted."""
    for call in calls:
        report = call()
        yield report
        if report.status is RunStatus.INTERRUPTED:
            return


def run_in_parallel(
    calls: Sequence[Callable[[], Result]], *, jobs: int, on_lost: Callable[[int], Result]
) -> Iterator[Result]:
    """`jobs` at a time; the results come in the order of the calls.

    A process that is killed takes those at its side with it: they are carried out anew, one at a time until it is
    known which one it was.

    Args:
        on_lost: Makes the result of the call with this index, whose process was killed.
    """
    done = 0
    while done < len(calls):
        for report in _run_until_one_is_lost(calls[done:], jobs=jobs):
            yield report
            done += 1
        while done < len(calls):
            alone = next(_run_until_one_is_lost([calls[done]], jobs=1), None)
            yield on_lost(done) if alone is None else alone
            done += 1
            if alone is None:
                break


def _run_until_one_is_lost(calls: Sequence[Callable[[], Result]], *, jobs: int) -> Iterator[Result]:
    """The results in order, up to the first that will not come because a process was killed."""
    from concurrent.futures.process import BrokenProcessPool

    from joblib import Parallel, delayed

    # joblib carries a single job out in this process, whose end would be ours.
    parallel = Parallel(n_jobs=max(jobs, 2), backend="loky", batch_size=1, return_as="generator")
    try:
        yield from parallel(delayed(call)() for call in calls)
    except BrokenProcessPool:
        return


def group_seeds(reports: Iterator[RunReport], *, seeds: int) -> Iterator[RunReport]:
    """One report for each `seeds` in a row; the last group may be short, where it was interrupted."""
    while group := list(islice(reports, seeds)):
        yield merge_seeds(group) if seeds > 1 else group[0]
