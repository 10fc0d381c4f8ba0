"""Changes on plain data, all at once; it knows no text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradcheck_cli.config.edit_types import EditOp
from gradcheck_cli.config.kinds import name_kind
from gradcheck_cli.config.paths import PathError, Step, Steps, join_path

# Where the config format lets a bare string stand for a mapping with only a `type`.
_COMPONENT_KEYS = frozenset({"data", "loss", "optimizer", "lr_scheduler", "weight_init", "bias_init"})
_COMPONENT_LISTS = frozenset({"layers", "shortcut", "branches", "schedulers"})
_TYPE_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Change:
    """An edit with its path taken apart; indexes are `int`, the value is plain data."""

    op: EditOp
    steps: Steps
    value: Any = None

    def inner(self) -> Change:
        """The same change seen from one step further down."""
        return replace(self, steps=self.steps[1:])


def is_bare_component(value: Any, steps: Steps) -> bool:
    """Whether a text at a path is a type name that stands for `{type: name}`."""
    if not isinstance(value, str) or not _TYPE_NAME.fullmatch(value) or not steps:
        return False
    if isinstance(steps[-1], str):
        return steps[-1] in _COMPONENT_KEYS
    return next((step for step in reversed(steps) if isinstance(step, str)), "") in _COMPONENT_LISTS


def rebuild(data: Any, changes: Sequence[Change], at: Steps = ()) -> Any:
    """The data after all changes; what they do not touch is the same object as before.

    Args:
        changes: None of them inside the value that another sets or removes; indexes are those of `data`.
        at: Path of `data`, for messages.

    Raises:
        PathError: A path does not fit the data.
    """
    if not changes[0].steps:
        return changes[0].value
    groups: dict[Step, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.steps[0], []).append(change)
    return _rebuild_list(data, groups, at) if isinstance(data, list) else _rebuild_mapping(data, groups, at)


def _rebuild_mapping(data: dict[str, Any], groups: dict[Step, list[Change]], at: Steps) -> dict[str, Any]:
    result = dict(data)
    for key, group in groups.items():
        path = (*at, key)
        if not isinstance(key, str):
            raise PathError(f"{join_path(at) or 'the file'} is a mapping, so it has no entry [{key}]")
        if len(group[0].steps) > 1:
            holder = _holder(result.get(key), path, group)
            result[key] = rebuild(holder, [change.inner() for change in group], path)
        elif group[0].op is EditOp.SET:
            result[key] = group[0].value
        elif group[0].op is EditOp.INSERT:
            raise PathError(f"{join_path(path)} is a key; a place in a list ends with an index such as [0]")
        elif key not in result:
            raise PathError(f"there is no {join_path(path)} to remove")
        else:
            del result[key]
    return result


def _rebuild_list(data: list[Any], groups: dict[Step, list[Change]], at: Steps) -> list[Any]:
    for step, group in groups.items():
        _check_index(data, step, group, at)
    result: list[Any] = []
    for index in range(len(data) + 1):
        group = groups.get(index, [])
        result += [change.value for change in group if len(change.steps) == 1 and change.op is EditOp.INSERT]
        others = [change for change in group if len(change.steps) > 1 or change.op is not EditOp.INSERT]
        if index == len(data) or (others and others[0].op is EditOp.REMOVE and len(others[0].steps) == 1):
            continue
        path = (*at, index)
        if others and len(others[0].steps) == 1:
            result.append(others[0].value)
        elif others:
            holder = _holder(data[index], path, others)
            result.append(rebuild(holder, [change.inner() for change in others], path))
        else:
            result.append(data[index])
    return result


def _check_index(data: list[Any], step: Step, group: list[Change], at: Steps) -> None:
    if not isinstance(step, int):
        raise PathError(f"{join_path(at)} is a list; name an entry of it, such as {join_path((*at, 0))}")
    appends = all(change.op is EditOp.INSERT and len(change.steps) == 1 for change in group)
    if step > len(data) or (step == len(data) and not appends):
        count = "1 entry" if len(data) == 1 else f"{len(data) or 'no'} entries"
        raise PathError(f"the index {step} is out of range: {join_path(at)} has {count}, counted from 0")


def _holder(value: Any, path: Steps, group: list[Change]) -> Any:
    """What the changes go into: a mapping or a list; a missing mapping and a bare type name become a mapping."""
    if isinstance(value, dict | list):
        return value
    following = group[0].steps[1]
    sets = all(change.op is EditOp.SET for change in group)
    if value is None:
        if sets and isinstance(following, str):
            return {}
        raise PathError(f"there is nothing at {join_path(path)}")
    if sets and is_bare_component(value, path):
        return {"type": value}
    wanted = f"key {following!r}" if isinstance(following, str) else f"entry [{following}]"
    raise PathError(f"{join_path(path)} is {name_kind(value)}, so it has no {wanted}")
