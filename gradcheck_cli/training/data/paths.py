"""Finds the files that a config names, relative to the config, and says what is wrong with them; it reads none."""

from __future__ import annotations

from pathlib import Path

from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.training.data.arguments import suggest


def find_file(base: Path, path: str, *, key: str) -> Path:
    """The file at `path`, relative to `base`.

    Raises:
        DataError: There is none, or it is a folder.
    """
    file = _locate(base, path, key=key)
    if file.is_dir():
        raise DataError([Problem(key, f"{path!r} is a folder", allowed="a file")])
    return file


def find_folder(base: Path, path: str, *, key: str) -> Path:
    """The folder at `path`, relative to `base`.

    Raises:
        DataError: There is none, or it is a file.
    """
    folder = _locate(base, path, key=key)
    if not folder.is_dir():
        raise DataError([Problem(key, f"{path!r} is a file", allowed="a folder")])
    return folder


def read_bytes(file: Path, *, key: str) -> bytes:
    """What the file holds.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError([Problem(key, f"{str(file)!r} cannot be read: {error.strerror or error}")]) from error


def _locate(base: Path, path: str, *, key: str) -> Path:
    place = base / path
    try:
        place.stat()
    except (OSError, ValueError) as error:
        raise DataError([Problem(key, _say_missing(place, path, error), hint=_suggest_file(place))]) from error
    return place


def _say_missing(place: Path, path: str, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no file {path!r} (looked in {str(place.parent)!r})"
    return f"{path!r} cannot be opened: {getattr(error, 'strerror', None) or error}"


def _suggest_file(place: Path) -> str:
    try:
        return suggest(place.name, [entry.name for entry in place.parent.iterdir()])
    except (OSError, ValueError):
        return ""
