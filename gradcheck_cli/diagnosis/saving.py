"""Keeps a run folder while a run goes; a place that cannot be written costs the run nothing but a note."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck_cli import __version__
from gradcheck_cli.errors import RunFolderError
from gradcheck_cli.recording.history import Environment, History
from gradcheck_cli.rules.base import Finding

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document
    from gradcheck_cli.config.schema import Config
    from gradcheck_cli.recording.run_folder import RunFolder

RUN_ROOT = Path(".gradcheck") / "runs"


class RunSaving:
    """Makes the folder with the first epoch, so that a config that torch refuses leaves none behind.

    Attributes:
        fault: Why the run is not saved; empty while it is.
    """

    def __init__(self, config: Config, document: Document, *, root: Path | None) -> None:
        self._config, self._document, self._root = config, document, root or RUN_ROOT
        self._folder: RunFolder | None = None
        self.fault = ""

    def write_epoch(self, values: Mapping[str, object]) -> None:
        """Keep the numbers of one epoch."""
        if self.fault:
            return
        try:
            self._open().write_epoch(values)
        except RunFolderError as error:
            self.fault = str(error)

    def finish(self, history: History, findings: Sequence[Finding]) -> Path | None:
        """Keep the whole run; where it is, or None where it could not be saved."""
        if self.fault:
            return None
        try:
            folder = self._open()
            folder.finish(history, describe_findings(findings))
        except RunFolderError as error:
            self.fault = str(error)
            return None
        return folder.path

    def _open(self) -> RunFolder:
        from gradcheck_cli.recording.run_folder import RunFolder

        if self._folder is None:
            environment = Environment(
                seed=self._config.seed,
                threads=self._config.trainer.threads or 0,
                device=self._config.trainer.device.value,
                precision=self._config.trainer.precision.value,
                versions={"gradcheck": __version__},
            )
            self._folder = RunFolder.create(
                self._root,
                self._config.name,
                self._document.text,
                environment,
                source=self._document.source,
                overrides=self._document.overrides,
            )
        return self._folder


def describe_findings(findings: Sequence[Finding]) -> str:
    """Findings as a JSON list, key for field; numbers that are not finite become strings."""
    return json.dumps([_plain(asdict(finding)) for finding in findings], indent=1, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
