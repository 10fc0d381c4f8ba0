"""Typed edits on the YAML text of a config; comments and layout of everything else stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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
