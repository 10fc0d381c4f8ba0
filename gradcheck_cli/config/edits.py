"""Typed edits on the YAML text of a config; comments and layout of everything else stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcheck_cli.config.data_edits import rebuild
from gradcheck_cli.config.differences import DiffLine, changed_lines, diff_lines, diff_with_context, unified_diff
from gradcheck_cli.config.document import BYTE_ORDER_MARK, parse_document
from gradcheck_cli.config.edit_plan import in_sequence, narrow, read_edits
from gradcheck_cli.config.edit_types import Edit, EditConflict, EditOp
from gradcheck_cli.config.kinds import same_data
from gradcheck_cli.config.paths import PathError
from gradcheck_cli.config.text_edits import change_text
from gradcheck_cli.errors import ConfigError

__all__ = [
    "DiffLine",
    "Edit",
    "EditConflict",
    "EditOp",
    "apply_edits",
    "apply_to_data",
    "changed_lines",
    "diff_lines",
    "diff_with_context",
    "unified_diff",
]

_BY_HAND = "the edits cannot be made without changing something else in the file; make them by hand"


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Make edits on the text of a config, all or none.

    The result is read again and must hold what `apply_to_data` says, so that a slip in the text cannot go unseen.

    Args:
        text: As in the file, byte order mark and line breaks included.
        edits: Their indexes all refer to `text`.

    Returns:
        The new text; new values are written in the style of what is around them.

    Raises:
        ConfigError: The text itself cannot be read.
        EditConflict: An edit does not fit the text or another edit, or would change something else; also where the
            place is shared through an alias, an anchor or a merge key.
    """
    data = parse_document(text, source="").data
    expected = apply_to_data(data, edits)
    body = text.removeprefix(BYTE_ORDER_MARK)
    mark = text[: len(text) - len(body)]
    try:
        for change in in_sequence(list(narrow(read_edits(edits, data), data))):
            body = change_text(body, change)
        result = parse_document(mark + body, source="")
    except ConfigError as error:
        raise EditConflict(_BY_HAND) from error
    if not same_data(result.data, expected):
        raise EditConflict(_BY_HAND)
    return result.text


def apply_to_data(data: Any, edits: Sequence[Edit]) -> Any:
    """Make edits on plain data; the data given is left as it was.

    Raises:
        EditConflict: An edit does not fit the data or another edit.
    """
    if not (changes := read_edits(edits, data)):
        return data
    try:
        return rebuild(data, changes)
    except PathError as fault:
        raise EditConflict(str(fault)) from None
