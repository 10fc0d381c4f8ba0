"""Plain data to YAML text, inline or as a block; it knows nothing of the text around it."""

from __future__ import annotations

import re
from typing import Any

from gradcheck_cli.config.scalars import misreading_hint, read_scalar, write_float

_PLAIN = re.compile(r"(?:[A-Za-z_/]|\.{1,2}/)[\w./+-]*(?: [\w.+][\w./+-]*)*")
_ESCAPED = re.compile('["\\\\]|[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]')
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write_inline(value: Any, quote: str = "") -> str:
    """A value on one line: lists and mappings in brackets, text in quotes only where it needs them.

    Args:
        quote: The quotes to keep for a text, where it replaces one that had them.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{write_inline(key)}: {write_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(write_inline(item) for item in value) + "]"
    if isinstance(value, str):
        return _write_text(value, quote)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return write_float(value) if isinstance(value, float) else str(value)


def _write_text(value: str, quote: str) -> str:
    if not quote and _PLAIN.fullmatch(value) and isinstance(read_scalar(value), str) and not misreading_hint(value):
        return value
    if quote == "'" and not _ESCAPED.search(value.replace('"', "").replace("\\", "")):
        return "'" + value.replace("'", "''") + "'"
    return '"' + _ESCAPED.sub(_escape, value) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _SHORT_ESCAPES.get(character) or (
        f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
    )


def write_block(value: Any, width: int) -> list[str]:
    """The lines of a mapping or a list that is not empty, without the indentation of the first.

    Args:
        width: Columns that are left; what fits is written inline.
    """
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            lines += write_entry(f"{write_inline(key)}:", item, width)
    else:
        for item in value:
            lines += write_entry("-", item, width)
    return lines


def write_entry(lead: str, value: Any, width: int) -> list[str]:
    """The lines of one entry of a block: `key: value` or `- value`, over several lines only where it must be.

    Args:
        lead: The key with its colon, or `-`.
    """
    inline = f"{lead} {write_inline(value)}"
    if not is_long(value, width - len(lead) - 1):
        return [inline]
    inner = [f"  {line}" for line in write_block(value, width - 2)]
    return [f"- {inner[0][2:]}", *inner[1:]] if lead == "-" else [lead, *inner]


def is_long(value: Any, width: int) -> bool:
    """Whether a value is a mapping or a list that does not fit into so many columns."""
    return isinstance(value, dict | list) and bool(value) and len(write_inline(value)) > width
