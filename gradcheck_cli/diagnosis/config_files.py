"""Which config files the arguments of a command stand for; it opens files only to see whether they are configs."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck_cli.errors import Problem, UsageError

SUFFIXES = (".yaml", ".yml")
MOST_BYTES = 2**20
_CONFIG_KEY = re.compile(r"^[\"']?(model|data|loss|optimizer|trainer)[\"']?\s*:", re.MULTILINE)
_FLOW = re.compile(r"\s*\{")


@dataclass(frozen=True)
class ConfigFiles:
    """Files to read, each once, in order; and how many in folders and globs are no configs of ours."""

    paths: tuple[str, ...]
    skipped: int = 0


def find_configs(arguments: Sequence[str], *, skip_others: bool = False) -> ConfigFiles:
    """Write out folders (with all below them, hidden ones excepted) and globs.

    A file that is named itself is taken as it is, also where it is not there or no config: reading it says why.

    Args:
        skip_others: Pass over YAML files that are named and no configs of ours, and count them.

    Raises:
        UsageError: A folder or glob holds no config, or nothing is named at all.
    """
    paths: dict[str, None] = {}
    problems, skipped = [], 0
    for argument in arguments:
        found = _expand(argument)
        if found is None and not (skip_others and _is_yaml(Path(argument))):
            paths[argument] = None
            continue
        candidates = [argument] if found is None else found
        configs = [path for path in candidates if _looks_like_config(Path(path))]
        skipped += len(candidates) - len(configs)
        paths.update(dict.fromkeys(configs))
        if found is not None and not configs:
            problems.append(
                Problem("", f"{argument!r} holds no config", allowed="a .yaml file with `model` and `data`")
            )
    if problems or not arguments:
        raise UsageError(problems or "no config is named")
    return ConfigFiles(tuple(paths), skipped)


def show_skipped(number: int) -> str:
    """How many files were passed over, in words."""
    if number == 1:
        return "1 YAML file that is no gradcheck config"
    return f"{number} YAML files that are no gradcheck configs"


def _expand(argument: str) -> list[str] | None:
    """Files with YAML suffixes that a folder or glob stands for; None for the name of a file."""
    path = Path(argument)
    if path.is_dir():
        return sorted(
            str(entry) for entry in path.rglob("*") if _is_visible(entry.relative_to(path)) and _is_yaml(entry)
        )
    if path.exists() or not glob.has_magic(argument):
        return None
    return sorted(match for match in glob.glob(argument, recursive=True) if _is_yaml(Path(match)))


def _is_visible(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts)


def _is_yaml(path: Path) -> bool:
    return path.suffix in SUFFIXES and path.is_file()


def _looks_like_config(path: Path) -> bool:
    """Whether a file has a `model`, or two of the other keys of every config: `data` alone stands in many other files.

    One that cannot be read is left to the reader.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            text = file.read(MOST_BYTES)
    except OSError:
        return True
    keys = set(_CONFIG_KEY.findall(text))
    return "model" in keys or len(keys) > 1 or bool(_FLOW.match(text) and "model" in text)
