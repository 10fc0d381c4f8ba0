"""Files that a command writes where its user says; refusals are worded for the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gradcheck_cli.errors import Problem, UsageError
from gradcheck_cli.recording.replacing import replace_file


def write_file(path: Path, text: str) -> None:
    """Write a file at once, and its folders.

    Raises:
        UsageError: The place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)
    except OSError as error:
        raise UsageError(f"'{path}' cannot be written: {error.strerror or error}") from None


def refuse_existing(paths: Iterable[Path]) -> None:
    """Refuse to overwrite what is there.

    Raises:
        UsageError: Some of the files exist; all of them are named.
    """
    there = [path for path in paths if path.exists()]
    if there:
        raise UsageError([Problem("", f"'{path}' is there already", hint="--force overwrites it") for path in there])
