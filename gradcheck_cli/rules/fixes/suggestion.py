"""How a suggestion is put together from a title and edits; it knows no particular suggestion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gradcheck_cli.config.edit_types import Edit, EditOp
from gradcheck_cli.rules.base import Fix, Safety

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

Edits = tuple[Edit, ...]


def suggest(
    config: Config | None,
    title: str,
    *,
    safety: Safety,
    reason: str,
    edits: Callable[[Config], Edits],
) -> Fix | None:
    """A fix with the edits that fit the config; advice where there is no config, None where nothing would change."""
    if config is None:
        return Fix(title, Safety.ADVICE, reason)
    changes = edits(config)
    return Fix(title, safety, reason, changes) if changes else None


def advise(title: str, *, reason: str) -> Fix:
    """A suggestion without edits."""
    return Fix(title, Safety.ADVICE, reason)


def collect(*fixes: Fix | None) -> tuple[Fix, ...]:
    """The fixes that exist, in order, without repeating a title or equal edits."""
    kept: list[Fix] = []
    for fix in fixes:
        known = fix is None or any(
            fix.title == other.title or (fix.edits and fix.edits == other.edits) for other in kept
        )
        if not known and fix is not None:
            kept.append(fix)
    return tuple(kept)


def merge(*groups: Iterable[Edit]) -> Edits:
    """Edits of several groups; of two that do the same kind of thing at one place the first stands."""
    kept: dict[tuple[str, bool], Edit] = {}
    for group in groups:
        for edit in group:
            kept.setdefault((edit.path, edit.op is EditOp.INSERT), edit)
    return tuple(kept.values())


def set_to(path: str, value: Any) -> Edit:
    """Replace the value at a path, or add it."""
    return Edit(EditOp.SET, path, value)


def insert_at(path: str, value: Any) -> Edit:
    """Insert into a list before the index that ends the path."""
    return Edit(EditOp.INSERT, path, value)


def remove(path: str) -> Edit:
    """Take a key or list item away."""
    return Edit(EditOp.REMOVE, path)
