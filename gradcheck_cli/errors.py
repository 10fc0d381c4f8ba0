"""The errors that a user can mend, each with its place; it prints nothing and knows no file format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck_cli.recording.data_profile import DataProfile


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what the user gave us.

    Attributes:
        path: The config path it concerns, such as `model.layers[0].type`; empty for the whole file.
        message: What is wrong, quoting the value. One sentence, no full stop.
        allowed: What is allowed there; empty where nothing can be listed.
        hint: What to do, such as `did you mean 'Linear'?`; may be empty.
        line: Line in the file, from 1; None where it is not known (it is then looked up by `path`).
        column: Column, from 1.
        is_of_config: Whether the user can mend it in the config or its data (rule GC001). False where time ran out, a
            process was killed, or gradcheck itself failed.
    """

    path: str
    message: str
    allowed: str = ""
    hint: str = ""
    line: int | None = None
    column: int | None = None
    is_of_config: bool = True

    def __str__(self) -> str:
        parts = [f"{self.path}: {self.message}" if self.path else self.message]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.hint:
            parts.append(self.hint)
        return "; ".join(parts)


class GradcheckError(Exception):
    """Base of all errors that are printed without a traceback and end with exit code 2."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = (Problem("", problems),) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[GradcheckError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class ConfigError(GradcheckError):
    """The config file cannot be read or says something impossible."""


class DataError(GradcheckError):
    """The data named in the config cannot be loaded or used.

    Attributes:
        profile: What was seen of data that were read and then refused, so that rules can judge it; None where nothing.
    """

    def __init__(self, problems: Iterable[Problem] | str, profile: DataProfile | None = None) -> None:
        super().__init__(problems)
        self.profile = profile

    def __reduce__(self) -> tuple[type[DataError], tuple[tuple[Problem, ...], DataProfile | None]]:  # type: ignore[override]
        return type(self), (self.problems, self.profile)


class ModelError(GradcheckError):
    """torch refuses the network, the loss or the optimizer that the config describes."""


class TimeLimitError(GradcheckError):
    """A run took longer than it was given."""


class ProcessError(GradcheckError):
    """A process of a job of several has failed, so that this one cannot go on.

    It has no problems where another process reports them.
    """


class UsageError(GradcheckError):
    """The command line asks for something that does not exist or does not fit together."""


class OutputError(GradcheckError):
    """A report cannot be written."""


class RunFolderError(GradcheckError):
    """A saved run cannot be found or read."""
