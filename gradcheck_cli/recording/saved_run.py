"""Finds and reads saved runs; it writes nothing and never imports torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck_cli.errors import RunFolderError
from gradcheck_cli.recording.history import Environment, History
from gradcheck_cli.recording.plain_values import PlainValueError, from_plain
from gradcheck_cli.recording.run_listing import FINDINGS_FILE, FORMAT, METRICS_FILE, RUN_FILE, VERSION, list_runs
from gradcheck_cli.recording.storage import HISTORY_FILE, load_history

MOST_LISTED = 5


@dataclass(frozen=True)
class SavedRun:
    """A run read back.

    Attributes:
        path: Its folder.
        name: As the config has it.
        source: The config's path as it was given.
        config_text: The config as it was written.
        overrides: `KEY=VALUE` as of `--set`, which went over the text.
        environment: What the run depended on beside its config.
        status: How it ended; `running` where it was cut off.
        history: What was recorded.
        findings: The content of `findings.json` as text; None where there is none.
        epochs: The lines of `metrics.jsonl`.
    """

    path: Path
    name: str
    source: str
    config_text: str
    environment: Environment
    status: str
    history: History
    findings: str | None = None
    epochs: tuple[Mapping[str, Any], ...] = ()
    overrides: tuple[str, ...] = ()


def find_run(root: Path, prefix: str | None = None) -> Path:
    """The folder of one saved run.

    Args:
        root: The folder of all runs.
        prefix: A run folder, or the start of the name of one below `root`; None for the latest.

    Raises:
        RunFolderError: There is none, or several fit.
    """
    if prefix and (Path(prefix) / RUN_FILE).is_file():
        return Path(prefix)
    runs = list_runs(root)
    fitting = [run for run in runs if run.name.startswith(prefix or "")]
    if not prefix and fitting:
        return fitting[0]
    exact = [run for run in fitting if run.name == prefix]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    if fitting:
        raise RunFolderError(
            f"{prefix!r} fits {len(fitting)} runs in {str(root)!r}: {_list(fitting)}; write more of it"
        )
    if not runs:
        raise RunFolderError(f"there are no saved runs in {str(root)!r}; `gradcheck check` saves one")
    raise RunFolderError(f"no run in {str(root)!r} starts with {prefix!r}; there are {_list(runs)}")


def read_run(path: Path) -> SavedRun:
    """Read a run folder.

    Raises:
        RunFolderError: It is none, it is damaged, a newer version wrote it, or the run was cut off.
    """
    note = _load_note(path)
    epochs = _read_epochs(path / METRICS_FILE)
    if not (path / HISTORY_FILE).is_file():
        raise RunFolderError(
            f"the run in {str(path)!r} was cut off before its history was saved; "
            f"{METRICS_FILE} there holds {len(epochs)} epochs"
        )
    try:
        return SavedRun(
            path,
            name=str(note["name"]),
            source=str(note["source"]),
            config_text=str(note["config"]),
            environment=from_plain(Environment, note["environment"], {}),
            status=str(note["status"]),
            history=load_history(path),
            findings=_read_optional(path / FINDINGS_FILE),
            epochs=epochs,
            overrides=tuple(map(str, note.get("overrides", ()))),
        )
    except (KeyError, PlainValueError) as error:
        raise RunFolderError(f"{path / RUN_FILE} is damaged: {error}") from error


def _load_note(path: Path) -> dict[str, Any]:
    file = path / RUN_FILE
    try:
        note = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunFolderError(f"{str(path)!r} is no run folder: {file.name}: {error.strerror or error}") from error
    except ValueError as error:
        raise RunFolderError(f"{file} is damaged: {error}") from error
    if not isinstance(note, dict) or note.get("format") != FORMAT:
        raise RunFolderError(f"{file} was not written by gradcheck")
    if not isinstance(note.get("version"), int) or note["version"] > VERSION:
        raise RunFolderError(f"{file} has version {note.get('version')}; this gradcheck reads up to {VERSION}")
    return note


def _read_epochs(file: Path) -> tuple[Mapping[str, Any], ...]:
    """The whole lines; a last one cut off by a crash is passed over."""
    epochs = []
    for line in (_read_optional(file) or "").splitlines():
        try:
            epochs.append(json.loads(line))
        except ValueError:
            break
    return tuple(epoch for epoch in epochs if isinstance(epoch, dict))


def _read_optional(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _list(runs: list[Path]) -> str:
    names = [run.name for run in runs[:MOST_LISTED]]
    return ", ".join(names) + (f" and {len(runs) - MOST_LISTED} more" if len(runs) > MOST_LISTED else "")
