"""One place of a document while it is being checked: its value, its path, its problems; it knows no config key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gradcheck_cli.config.paths import Step, Steps, join_path
from gradcheck_cli.errors import Problem

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document

MOST_PROBLEMS = 200
"""More are not kept: finding the line of each takes time, and nobody reads them."""


@dataclass(frozen=True)
class Node:
    """A value in the document.

    Attributes:
        problems: Shared by all nodes of a document; `report` adds to it.
    """

    document: Document
    problems: list[Problem]
    value: Any
    steps: Steps = ()

    @property
    def path(self) -> str:
        """The config path, such as `model.layers[0].type`."""
        return join_path(self.steps)

    def child(self, step: Step) -> Node:
        """The node one step down; its value is None where the document has none."""
        has = step in self.value if isinstance(self.value, dict) else isinstance(self.value, list)
        return replace(self, value=self.value[step] if has else None, steps=(*self.steps, step))

    def report(self, message: str, *, allowed: str = "", hint: str = "") -> None:
        """Add a problem with this value."""
        position = self.document.position(self.path)
        self._add(message, allowed, hint, line=position.line, column=position.column)

    def report_key(self, message: str, *, allowed: str = "", hint: str = "") -> None:
        """Add a problem with the key under which this value stands."""
        position = self.document.key_position(self.path)
        self._add(message, allowed, hint, line=position.line, column=position.column)

    def _add(self, message: str, allowed: str, hint: str, *, line: int, column: int) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            return
        override = self.document.override(self.path)
        told = f"{message} (given by {override})" if override else message
        self.problems.append(Problem(self.path, told, allowed=allowed, hint=hint, line=line, column=column))
