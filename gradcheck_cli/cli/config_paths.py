"""The config files that arguments stand for: files, folders, globs; it opens none."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from gradcheck_cli.errors import Problem, UsageError

_SUFFIXES = frozenset({".yaml", ".yml"})


def expand_paths(arguments: Iterable[str]) -> tuple[str, ...]:
    """Files in the order given, each once; those of a folder or glob by name. A file that is not there stays in.

    Raises:
        UsageError: A folder holds no YAML file or a glob matches none.
    """
    found: dict[str, None] = {}
    problems = []
    for argument in arguments:
        paths = _expand(argument)
        if not paths:
            problems.append(_describe_nothing(argument))
        found.update(dict.fromkeys(paths))
    if problems:
        raise UsageError(problems)
    return tuple(found)


def _expand(argument: str) -> list[str]:
    path = Path(argument)
    if path.is_dir():
        return sorted(str(entry) for entry in path.iterdir() if entry.suffix in _SUFFIXES and entry.is_file())
    if not path.exists() and glob.has_magic(argument):
        return sorted(entry for entry in glob.glob(argument, recursive=True) if Path(entry).suffix in _SUFFIXES)
    return [argument]


def _describe_nothing(argument: str) -> Problem:
    what = "holds no .yaml or .yml file" if Path(argument).is_dir() else "matches no .yaml or .yml file"
    return Problem("", f"'{argument}' {what}", hint="name a config, or write one (see the README)")
