"""The folder of one saved run: writing it as the run goes, and keeping only the latest; it never imports torch."""

from __future__ import annotations

import json
import math
import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gradcheck_cli.errors import RunFolderError
from gradcheck_cli.recording.history import Environment, History
from gradcheck_cli.recording.replacing import replace_file
from gradcheck_cli.recording.run_listing import (
    FINDINGS_FILE,
    FORMAT,
    METRICS_FILE,
    RUN_FILE,
    RUNNING,
    VERSION,
    list_runs,
    read_note,
    started_ns,
)
from gradcheck_cli.recording.saved_run import SavedRun, find_run, read_run
from gradcheck_cli.recording.storage import save_history

MOST_RUNS = 20
_OWN_FOLDER = ".gradcheck"
_STALE_AFTER_S = 24 * 3600

__all__ = ["RunFolder", "SavedRun", "find_run", "read_run"]


@dataclass(frozen=True)
class RunFolder:
    """A run being saved. `path` is `<root>/<name>-<time>-<suffix>`, the time local, to the second."""

    path: Path

    @classmethod
    def create(
        cls,
        root: Path,
        name: str,
        document_text: str,
        environment: Environment,
        *,
        source: str = "",
        overrides: Sequence[str] = (),
    ) -> RunFolder:
        """Make the folder, note what is being run, and delete the oldest runs beyond `MOST_RUNS`.

        Args:
            root: The folder of all runs, made where it is missing; a `.gitignore` goes into an enclosing `.gradcheck`.
            name: The run's; characters that do not suit a file name are replaced.
            document_text: The config as it was written.
            environment: What the run depends on beside its config.
            source: The config's path as given.
            overrides: `KEY=VALUE` as of `--set`, which went over the text.

        Raises:
            RunFolderError: The place cannot be written.
        """
        stamp = time.strftime("%Y%m%d-%H%M%S")
        folder = cls(root / f"{_clean(name)}-{stamp}-{secrets.token_hex(3)}")
        content = {
            "format": FORMAT,
            "version": VERSION,
            "name": name,
            "source": source,
            "status": RUNNING,
            "started_ns": time.time_ns(),
            "environment": asdict(environment),
            "config": document_text,
            "overrides": list(overrides),
        }
        try:
            folder.path.mkdir(parents=True)
            _ignore_in_git(root)
            replace_file(folder.path / RUN_FILE, json.dumps(content, indent=1))
        except OSError as error:
            raise _cannot_write(folder.path, error) from error
        _delete_old_runs(root)
        return folder

    def write_epoch(self, values: Mapping[str, Any]) -> None:
        """Append one line to `metrics.jsonl`; it is on disk when this returns. Non-finite numbers become strings.

        Raises:
            RunFolderError: The line cannot be written.
        """
        line = json.dumps({key: _as_json(value) for key, value in values.items()}, allow_nan=False)
        try:
            with (self.path / METRICS_FILE).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def finish(self, history: History, findings_json: str) -> None:
        """Write the history and the findings, and note how the run ended.

        Raises:
            RunFolderError: They cannot be written.
        """
        save_history(history, self.path)
        try:
            replace_file(self.path / FINDINGS_FILE, findings_json)
            content = json.loads((self.path / RUN_FILE).read_text(encoding="utf-8"))
            ended = {"status": history.status.value, "seconds": history.seconds, "ended_ns": time.time_ns()}
            replace_file(self.path / RUN_FILE, json.dumps(content | ended, indent=1))
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        except ValueError as error:
            raise RunFolderError(f"{self.path / RUN_FILE} was changed while the run went on: {error}") from error


def _delete_old_runs(root: Path) -> None:
    """Delete all but the latest runs; one that another process may still be writing stays."""
    for folder in list_runs(root)[MOST_RUNS:]:
        note = read_note(folder)
        age_s = (time.time_ns() - started_ns(note)) / 1e9
        if note.get("status") != RUNNING or age_s > _STALE_AFTER_S:
            shutil.rmtree(folder, ignore_errors=True)


def _ignore_in_git(root: Path) -> None:
    own = next((folder for folder in (root, *root.parents) if folder.name == _OWN_FOLDER), None)
    if own is not None and not (own / ".gitignore").exists():
        replace_file(own / ".gitignore", "*\n")


def _clean(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._-")[:80] or "run"


def _as_json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.item() if hasattr(value, "item") else value


def _cannot_write(place: Path, error: OSError) -> RunFolderError:
    return RunFolderError(f"the run cannot be saved in {str(place)!r}: {error.strerror or error}")
