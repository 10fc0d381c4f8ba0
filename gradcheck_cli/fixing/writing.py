"""Where a fixed config goes, and putting it there; what it says is settled elsewhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck_cli.errors import Problem, UsageError
from gradcheck_cli.recording.replacing import replace_file

FOLDER_HINT = "name a folder with --output, or write each back with --write"


@dataclass(frozen=True)
class Destination:
    """What becomes of the fixed configs of one command.

    Attributes:
        in_place: Each goes back into its own file.
        output: The one goes into this file, or all into this folder; None for nowhere else.
    """

    in_place: bool = False
    output: Path | None = None

    def find(self, config: str) -> Path | None:
        """The file for the fixed form of a config; None where none is written."""
        if self.in_place:
            return Path(config)
        if self.output is None:
            return None
        return self.output / Path(config).name if self.output.is_dir() else self.output

    def check(self, configs: tuple[str, ...]) -> None:
        """Refuse what could not be written before anything is trained.

        Raises:
            UsageError: Both places are named, a place cannot be written, or two configs would go into one file.
        """
        if self.in_place and self.output is not None:
            raise UsageError([Problem("", "--write and --output exclude each other", hint="leave one of them out")])
        problems = [problem for config in configs if (problem := self._find_fault(config)) is not None]
        targets = [self.find(config) for config in configs]
        if self.output is not None and len(set(targets)) < len(targets):
            message = f"--output {str(self.output)!r} is one file for {len(configs)} configs"
            if self.output.is_dir():
                message = f"two of the configs have one name, and --output {str(self.output)!r} is one folder"
            problems = [Problem("", message, hint=FOLDER_HINT)]
        if problems:
            raise UsageError(problems)

    def _find_fault(self, config: str) -> Problem | None:
        target = self.find(config)
        if target is None:
            return None
        folder = target.resolve().parent
        if not folder.is_dir():
            return Problem("", f"the folder {str(folder)!r} of {str(target)!r} does not exist", hint="make it first")
        if not os.access(folder, os.W_OK):
            return Problem("", f"the folder {str(folder)!r} cannot be written")
        if not self.in_place and target.is_dir():
            return Problem("", f"{str(target)!r} is a folder", allowed="the name of a file")
        return None


NOWHERE = Destination()


def has_relative_paths(config: Any) -> bool:
    """Whether a config's data names files by where they lie from the config."""
    data = config.get("data") if isinstance(config, dict) else None
    paths = [data.get("path"), data.get("val_path")] if isinstance(data, dict) else []
    return any(isinstance(path, str) and not Path(path).is_absolute() for path in paths)


def write_fixed(text: str, destination: Path, *, original: str, source: str) -> str:
    """Write a fixed config; nothing that was changed meanwhile is overwritten.

    Args:
        original: The text that was read from `source`.

    Returns:
        Why it was not written; empty where it was.
    """
    target = destination.resolve()
    try:
        if target == Path(source).resolve() and target.read_bytes() != original.encode():
            return f"{source} was changed while its fix was looked for, so it was left as it is"
        replace_file(target, text)
    except OSError as error:
        return f"{destination} cannot be written: {error.strerror or error}"
    return ""
