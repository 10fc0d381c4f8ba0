"""Takes out of the reports of a command what its user has silenced, and says how much; it judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.report import RunReport

if TYPE_CHECKING:
    from gradcheck_cli.diagnosis.baseline import Entry

_MARK = "gradcheck:"
"""In every comment that suppresses something."""


def silence(
    runs: Sequence[RunReport], *, baseline: Path | None, write_to: Path | None
) -> tuple[list[RunReport], tuple[str, ...]]:
    """The reports without what comments and the baseline silence, and notes on that for the user.

    Args:
        baseline: The file to read; None for none. With `write_to` it only matters where they are the same file.
        write_to: Where to keep all findings that comments leave; they are then silent.

    Raises:
        UsageError: The baseline cannot be read or written.
    """
    settled = [_suppress(run) for run in runs]
    notes: list[str] = []
    if write_to is None and baseline is None:
        return settled, tuple(describe_silenced(settled))
    from gradcheck_cli.diagnosis.baseline import apply_baseline, find_gone, read_baseline, write_baseline

    if write_to is not None:
        known = read_baseline(write_to) if write_to.exists() else ()
        entries = write_baseline(write_to, settled, known=known)
        settled = apply_baseline(settled, entries)
        notes.append(f"Wrote {_count(sum(entry.count for entry in entries))} to {write_to}.")
    elif baseline is not None:
        entries = read_baseline(baseline)
        if gone := find_gone(settled, entries):
            verb = "is" if len(gone) == 1 else "are"
            notes.append(f"{_count(len(gone))} of {baseline} {verb} gone: write it anew with --write-baseline.")
        settled = apply_baseline(settled, entries)
    return settled, (*describe_silenced(settled), *notes)


def silence_one(run: RunReport, *, known: Sequence[Entry] = ()) -> RunReport:
    """One report without what comments in its config and a baseline silence.

    Args:
        known: The entries of the baseline.
    """
    settled = _suppress(run)
    if not known:
        return settled
    from gradcheck_cli.diagnosis.baseline import apply_baseline

    return apply_baseline([settled], known)[0]


def _suppress(run: RunReport) -> RunReport:
    if run.document is None or _MARK not in run.document.text:
        return run
    # Imported here: few configs have such comments, and `lint` must start fast.
    from gradcheck_cli.diagnosis.suppression import suppress

    return suppress(run)


def describe_silenced(runs: Sequence[RunReport]) -> Iterator[str]:
    """How many findings were silenced, and by what; nothing where none was."""
    suppressed, baselined = sum(run.suppressed for run in runs), sum(run.baselined for run in runs)
    parts = [f"{suppressed} by comments"] * bool(suppressed) + [f"{baselined} by the baseline"] * bool(baselined)
    if parts:
        yield f"Silenced findings: {', '.join(parts)}."


def _count(number: int) -> str:
    return f"{number} finding{'' if number == 1 else 's'}"
