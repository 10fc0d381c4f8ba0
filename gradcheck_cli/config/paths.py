"""Config paths such as `model.layers[0].lr`, as text and as steps; it knows no config key."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

Step = str | int
Steps = tuple[Step, ...]

_SIMPLE_KEY = re.compile(r"[^.\[\]\"\s]+")
_PART = re.compile(
    r"""(?P<dot>\.)?(?:(?P<key>[^.\[\]"\s]+)|\[(?P<index>\d{1,9})\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\])"""
)


class PathError(ValueError):
    """A path cannot be read, or does not fit the data; callers turn it into an error the user sees."""


def split_path(path: str) -> Steps:
    """Take a path apart: keys as `str`, list indexes in brackets as `int`.

    A key with a dot, a bracket, a quote or a space is written `["like this"]`. An index written as `layers.0` stays
    the text `"0"`: only the data says whether it is an index (see `normalize_steps`).

    Raises:
        PathError: The path has an empty part or a bracket that does not hold an index.
    """
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _PART.match(path, position)
        if match is None or (match["key"] is not None and bool(match["dot"]) == (not steps)):
            raise PathError(f"{path!r} is not a config path")
        if match["dot"] and match["key"] is None:
            raise PathError(f"{path!r} is not a config path: no dot stands before a bracket")
        steps.append(_step(match))
        position = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return int(match["index"])
    if match["quoted"] is not None:
        try:
            return str(json.loads(match["quoted"]))
        except ValueError:
            raise PathError(f"{match['quoted']} is not a quoted key") from None
    return str(match["key"])


def join_path(steps: Sequence[Step]) -> str:
    """Write steps as a path; `split_path` reads it back."""
    parts: list[str] = []
    for step in steps:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _SIMPLE_KEY.fullmatch(step):
            parts.append(f".{step}" if parts else step)
        else:
            parts.append(f"[{json.dumps(step, ensure_ascii=False)}]")
    return "".join(parts)


def normalize_steps(steps: Sequence[Step], data: Any) -> Steps:
    """Turn digits into an index wherever the data has a list, so that `layers.0` means `layers[0]`."""
    result: list[Step] = []
    for step in steps:
        if isinstance(data, list) and isinstance(step, str) and step.isascii() and step.isdigit():
            step = int(step)
        result.append(step)
        data = child_of(data, step)
    return tuple(result)


def child_of(data: Any, step: Step) -> Any:
    """The value one step down; None where there is none."""
    if isinstance(data, dict):
        return data.get(step)
    if isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data):
        return data[step]
    return None
