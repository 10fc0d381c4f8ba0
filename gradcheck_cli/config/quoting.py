"""Shows values and names in messages, short and as YAML writes them; it judges nothing."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Any

from gradcheck_cli.config.scalars import write_float

_LONGEST = 60
_MOST_ITEMS = 6


def quote(value: Any, *, depth: int = 0) -> str:
    """A value for a message: text in quotes, `true`, `null`, lists and mappings cut short."""
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}...")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return write_float(value)
    if isinstance(value, list | dict):
        return _quote_collection(value, depth)
    text = str(value) if not isinstance(value, int) or value.bit_length() < 256 else "a very large number"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _quote_collection(value: list[Any] | dict[Any, Any], depth: int) -> str:
    if depth > 1:
        return "[...]" if isinstance(value, list) else "{...}"
    shown = list(value)[:_MOST_ITEMS]
    rest = ["..."] if len(value) > _MOST_ITEMS else []
    if isinstance(value, list):
        return f"[{', '.join([*(quote(item, depth=depth + 1) for item in shown), *rest])}]"
    pairs = [f"{key if isinstance(key, str) else quote(key)}: {quote(value[key], depth=depth + 1)}" for key in shown]
    return f"{{{', '.join([*pairs, *rest])}}}"


def list_names(names: Iterable[str]) -> str:
    """Names for the part of a message that says what is allowed."""
    return ", ".join(names)


def suggest(name: object, candidates: Collection[str]) -> str:
    """`did you mean 'x'?` for the nearest candidate, letter case and word separators aside; else an empty string."""
    if not isinstance(name, str):
        return ""
    plain = {_plain(candidate): candidate for candidate in candidates}
    near = difflib.get_close_matches(_plain(name[:_LONGEST]), plain, n=1, cutoff=0.65)
    return f"did you mean {plain[near[0]]!r}?" if near else ""


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
