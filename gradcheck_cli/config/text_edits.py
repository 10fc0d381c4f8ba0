"""One change made on YAML text; it does not check that nothing else changed."""

from __future__ import annotations

from typing import Any

from gradcheck_cli.config.block_entries import insert_block_entry, remove_block_entry
from gradcheck_cli.config.composer import compose
from gradcheck_cli.config.construction import Place, construct, key_text
from gradcheck_cli.config.data_edits import Change, is_bare_component
from gradcheck_cli.config.edit_types import EditConflict, EditOp
from gradcheck_cli.config.entries import Slot, entries_of, trail
from gradcheck_cli.config.flow_entries import insert_flow_entry, remove_flow_entry
from gradcheck_cli.config.lines import column_of
from gradcheck_cli.config.paths import Steps, join_path
from gradcheck_cli.config.rendering import write_entry, write_inline
from gradcheck_cli.config.scalars import read_scalar
from gradcheck_cli.config.splices import Splice, apply_splices
from gradcheck_cli.config.syntax_tree import Mapping, Scalar, Sequence, Tree
from gradcheck_cli.config.value_edits import WIDTH, replace_value
from gradcheck_cli.errors import Problem

# The order in which the format's documentation shows the top-level keys; a new one goes behind its nearest forerunner.
_TOP_LEVEL = ("version", "name", "seed", "data", "model", "loss", "optimizer", "lr_scheduler", "trainer", "diagnostics")


def change_text(text: str, change: Change) -> str:
    """Make one change.

    Args:
        text: A document that can be read, without a byte order mark.
        change: Its indexes are those of this text.

    Raises:
        EditConflict: The place is not there, or is shared through an alias or a merge key.
    """
    tree = compose(text)
    if tree is None:
        raise EditConflict("the file is empty")
    return apply_splices(text, _Edit(text, tree, change).splices())


class _Edit:
    """The replacements that make one change on a text."""

    def __init__(self, text: str, tree: Tree, change: Change) -> None:
        self._text = text
        self._tree = tree
        self._change = change
        self._slots = trail(tree.root, change.steps)
        self._refuse_shared(construct(tree, text).places)

    def splices(self) -> list[Splice]:
        if self._change.op is EditOp.INSERT:
            return self._insert()
        missing = len(self._change.steps) - (len(self._slots) - 1)
        if self._change.op is EditOp.REMOVE:
            if missing:
                raise self._conflict("there is nothing to remove")
            return self._remove()
        return (
            self._add(self._change.steps[-missing:]) if missing else self._replace(self._slots[-1], self._change.value)
        )

    def _conflict(self, message: str) -> EditConflict:
        return EditConflict([Problem(join_path(self._change.steps), message)])

    def _refuse_shared(self, places: dict[Steps, Place]) -> None:
        steps = self._change.steps[:-1] if self._change.op is EditOp.INSERT else self._change.steps
        while steps not in places:
            steps = steps[:-1]
        if places[steps].shared:
            raise self._conflict("the value is shared through an alias or a merge key; change it by hand")

    def _refuse_referenced(self, start: int, end: int) -> None:
        if any(start <= anchor < end for anchor in self._tree.referenced):
            raise self._conflict("an anchor in the value is used elsewhere; change it by hand")

    def _replace(self, slot: Slot, value: Any) -> list[Splice]:
        self._refuse_referenced(slot.node.start, slot.node.end)
        return replace_value(self._text, slot, value)

    def _add(self, missing: Steps) -> list[Splice]:
        """Add a key that is not there, with the mappings around it that are not there either."""
        key, value = missing[0], self._change.value
        for step in reversed(missing[1:]):
            value = {step: value}
        if not all(isinstance(step, str) for step in missing):
            raise self._conflict("there is no such entry in the list")
        slot = self._slots[-1]
        if isinstance(slot.node, Mapping):
            return self._add_pair(slot.node, str(key), value)
        if isinstance(slot.node, Scalar) and not slot.node.style and read_scalar(slot.node.text) is None:
            return self._replace(slot, {key: value})
        at = self._change.steps[: len(self._slots) - 1]
        if isinstance(slot.node, Scalar) and is_bare_component(slot.node.text, at):
            return self._replace(slot, {"type": slot.node.text, key: value})
        raise self._conflict(f"{join_path(at)} is not a mapping")

    def _add_pair(self, node: Mapping, key: str, value: Any) -> list[Splice]:
        entries = entries_of(self._text, node)
        if node.bracketed:
            written = f"{write_inline(key)}: {write_inline(value)}"
            return insert_flow_entry(self._text, node, entries, len(entries), written)
        self._refuse_bare_pair(node)
        index = _position(node, key) if node is self._tree.root else len(entries)
        width = WIDTH - column_of(self._text, entries[0].start)
        return insert_block_entry(self._text, entries, index, write_entry(f"{write_inline(key)}:", value, width))

    def _refuse_bare_pair(self, node: Mapping) -> None:
        if node.flow and not node.bracketed:
            raise self._conflict("the mapping has no braces of its own; change it by hand")

    def _insert(self) -> list[Splice]:
        slot, index = self._slots[min(len(self._slots), len(self._change.steps)) - 1], self._change.steps[-1]
        node = slot.node
        if len(self._slots) < len(self._change.steps) or not isinstance(node, Sequence) or not isinstance(index, int):
            raise self._conflict("there is no list to insert into")
        if index > len(node.items):
            raise self._conflict(f"the list has {len(node.items)} entries")
        entries = entries_of(self._text, node)
        if node.bracketed:
            return insert_flow_entry(self._text, node, entries, index, write_inline(self._change.value))
        width = WIDTH - column_of(self._text, entries[0].start)
        return insert_block_entry(self._text, entries, index, write_entry("-", self._change.value, width))

    def _remove(self) -> list[Splice]:
        slot, holder = self._slots[-1], self._slots[-2]
        node = slot.container
        if node is None:
            raise self._conflict("the whole file cannot be removed")
        entries = entries_of(self._text, node)
        self._refuse_referenced(entries[slot.index].start, entries[slot.index].end)
        if node.bracketed:
            return remove_flow_entry(self._text, node, entries, slot.index)
        if len(entries) == 1:
            return self._replace(holder, {} if isinstance(node, Mapping) else [])
        if isinstance(node, Mapping):
            self._refuse_bare_pair(node)
        return remove_block_entry(self._text, entries, slot.index)


def _position(root: Mapping, key: str) -> int:
    """Where to put a new top-level key."""
    if key in _TOP_LEVEL:
        keys = [key_text(name) for name, _ in root.pairs]
        for forerunner in reversed(_TOP_LEVEL[: _TOP_LEVEL.index(key)]):
            if forerunner in keys:
                return keys.index(forerunner) + 1
    return len(root.pairs)
