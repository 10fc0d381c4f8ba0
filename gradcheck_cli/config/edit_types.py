"""The types of edits and of their failure; it applies nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gradcheck_cli.errors import GradcheckError


class EditOp(StrEnum):
    """What an edit does at its path."""

    SET = "set"
    INSERT = "insert"
    REMOVE = "remove"


@dataclass(frozen=True)
class Edit:
    """One change of the config.

    `set` replaces the value at `path`, or adds the key where the last step is a key that is not there yet (missing
    parents that are mappings are created). `insert` puts `value` into a list before the index that ends `path`
    (`model.layers[2]`; an index equal to the length appends). `remove` takes the key or list item away.
    Indexes of several edits all refer to the document before any of them.
    """

    op: EditOp
    path: str
    value: Any = None


class EditConflict(GradcheckError):  # noqa: N818 - the field's word for a patch that does not fit
    """An edit does not fit the document, or cannot be made without changing something else."""
