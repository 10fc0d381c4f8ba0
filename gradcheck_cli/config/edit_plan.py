"""Several edits brought into an order in which they can be made one after another; it changes nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from gradcheck_cli.config.data_edits import Change
from gradcheck_cli.config.edit_types import Edit, EditConflict, EditOp
from gradcheck_cli.config.kinds import plain_data, same_data
from gradcheck_cli.config.paths import PathError, Steps, child_of, join_path, normalize_steps, split_path
from gradcheck_cli.errors import Problem

# Additions come before removals, so that no mapping or list is empty in between.
_ORDER = {EditOp.SET: 0, EditOp.INSERT: 1, EditOp.REMOVE: 2}


def read_edits(edits: Sequence[Edit], data: Any) -> list[Change]:
    """Take the paths of edits apart; an edit that is given twice counts once, but two equal insertions are two.

    Raises:
        EditConflict: A path cannot be read, a value cannot stand in a config, or one edit is inside another.
    """
    changes: list[Change] = []
    for edit in edits:
        change = _read_edit(edit, data)
        if change.op is EditOp.INSERT or not any(_equal(change, other) for other in changes):
            changes.append(change)
    for index, change in enumerate(changes):
        for other in changes[:index]:
            if _overlap(change, other) or _overlap(other, change):
                paths = f"{other.op} {join_path(other.steps)} and {change.op} {join_path(change.steps)}"
                raise EditConflict([Problem(join_path(change.steps), f"two edits change the same place: {paths}")])
    return changes


def _read_edit(edit: Edit, data: Any) -> Change:
    try:
        change = Change(edit.op, normalize_steps(split_path(edit.path), data), plain_data(edit.value))
    except (PathError, TypeError) as fault:
        raise EditConflict([Problem(edit.path, str(fault))]) from None
    if not change.steps and not (change.op is EditOp.SET and change.value and isinstance(change.value, dict)):
        raise EditConflict("an edit without a path can only set the file to a mapping")
    return change


def _equal(one: Change, other: Change) -> bool:
    return one.op is other.op and one.steps == other.steps and same_data(one.value, other.value)


def _overlap(outer: Change, inner: Change) -> bool:
    """Whether `outer` sets or removes something that `inner` is in. An insertion is in its list, not in an entry."""
    if outer.op is EditOp.INSERT:
        return False
    place = inner.steps[:-1] if inner.op is EditOp.INSERT else inner.steps
    return place[: len(outer.steps)] == outer.steps


def narrow(changes: Sequence[Change], data: Any) -> Iterator[Change]:
    """Replace each change of a mapping by a mapping, or a list by a list, by changes of what differs in it."""
    for change in changes:
        old: Any = data
        for step in change.steps:
            old = child_of(old, step)
        if change.op is not EditOp.SET:
            yield change
        elif old is None or not same_data(old, change.value):
            yield from _differences(old, change)


def _differences(old: Any, change: Change) -> Iterator[Change]:
    new = change.value
    if old and new and isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            inner = replace(change, steps=(*change.steps, key), value=value)
            if key not in old:
                yield inner
            elif not same_data(old[key], value):
                yield from _differences(old[key], inner)
        yield from (Change(EditOp.REMOVE, (*change.steps, key)) for key in old if key not in new)
    elif old and new and isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(old, new, change.steps)
    else:
        yield change


def _list_differences(old: list[Any], new: list[Any], steps: Steps) -> Iterator[Change]:
    """Leave equal entries at both ends alone, set what stands opposite, insert or remove the rest."""
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if not same_data(old[i], new[i])), shorter)
    tail = next((i for i in range(shorter - head) if not same_data(old[-1 - i], new[-1 - i])), shorter - head)
    middle = shorter - tail
    for index in range(head, middle):
        if not same_data(old[index], new[index]):
            yield from _differences(old[index], Change(EditOp.SET, (*steps, index), new[index]))
    for value in new[middle : len(new) - tail]:
        yield Change(EditOp.INSERT, (*steps, middle), value)
    for index in range(middle, len(old) - tail):
        yield Change(EditOp.REMOVE, (*steps, index))


def in_sequence(changes: Sequence[Change]) -> list[Change]:
    """Put changes in the order to make them, each with the indexes that hold once those before it are made."""
    result: list[Change] = []
    for change in sorted(changes, key=lambda change: _ORDER[change.op]):
        steps = change.steps
        for earlier in result:
            steps = _shifted(steps, earlier)
        result.append(replace(change, steps=steps))
    return result


def _shifted(steps: Steps, earlier: Change) -> Steps:
    depth = len(earlier.steps) - 1
    index = earlier.steps[-1] if earlier.steps else ""
    if earlier.op is EditOp.SET or not isinstance(index, int) or steps[:depth] != earlier.steps[:-1]:
        return steps
    if len(steps) <= depth or not isinstance(position := steps[depth], int):
        return steps
    if earlier.op is EditOp.INSERT and position >= index:
        return (*steps[:depth], position + 1, *steps[depth + 1 :])
    if earlier.op is EditOp.REMOVE and position > index:
        return (*steps[:depth], position - 1, *steps[depth + 1 :])
    return steps
