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


def run_in_parallel(calls: Sequence[Callable[[], Result]], *, jobs: int) -> Iterator[Result]:
    """`jobs` at a time; the results come in the order of the calls."""
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=min(jobs, len(calls)), backend="loky", batch_size=1, return_as="generator")
    results: Iterator[Result] = parallel(delayed(call)() for call in calls)
    return results


def group_seeds(reports: Iterator[RunReport], *, seeds: int) -> Iterator[RunReport]:
    """One report for each `seeds` in a row; the last group may be short, where it was interrupted."""
    while group := list(islice(reports, seeds)):
        yield merge_seeds(group) if seeds > 1 else group[0]
