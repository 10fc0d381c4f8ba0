"""Replacing one written value by another; it does not add or remove entries."""

from __future__ import annotations

from typing import Any

from gradcheck_cli.config.block_entries import whole_lines
from gradcheck_cli.config.entries import Entry, Slot, entries_of
from gradcheck_cli.config.lines import column_of, line_end, line_start, newline_of
from gradcheck_cli.config.rendering import is_long, write_block, write_inline
from gradcheck_cli.config.splices import Splice
from gradcheck_cli.config.syntax_tree import Collection, Mapping, Node, Scalar, Sequence

WIDTH = 100


def replace_value(text: str, slot: Slot, value: Any) -> list[Splice]:
    """Write a value where another stands, in the style of its surroundings; comments after it stay.

    Long mappings and lists are written as blocks, except inside brackets.
    """
    node, container = slot.node, slot.container
    if container is None:
        return [Splice(node.start, node.end, write_inline(value))]
    entry = entries_of(text, container)[slot.index]
    quote = node.style if isinstance(node, Scalar) and node.style in {"'", '"'} else ""
    written = write_inline(value, quote)
    if container.flow:
        return [_inline(slot, entry, written)]
    if is_long(value, WIDTH - column_of(text, entry.lead) - 1):
        return _block(text, slot, entry, value)
    if isinstance(node, Collection) and not node.flow:
        if _on_later_line(text, entry.lead, node):
            return [Splice(entry.lead, entry.lead, f" {written}"), whole_lines(text, node.start, node.end)]
        if node.end > line_end(text, node.start):
            # The comment at the end of the last line belonged to the last entry, which is gone.
            return [Splice(node.start, line_end(text, node.end), written)]
    return [_inline(slot, entry, written)]


def _inline(slot: Slot, entry: Entry, written: str) -> Splice:
    node, container = slot.node, slot.container
    if node.start < node.end:
        return Splice(node.start, node.end, written)
    lacks_colon = isinstance(container, Mapping) and container.pairs[slot.index][0].end == entry.lead
    return Splice(entry.lead, entry.lead, f": {written}" if lacks_colon else f" {written}")


def _block(text: str, slot: Slot, entry: Entry, value: Any) -> list[Splice]:
    indent, newline = " " * (column_of(text, entry.start) + 2), newline_of(text)
    lines = [f"{indent}{line}" for line in write_block(value, WIDTH - len(indent))]
    node = slot.node
    if _on_later_line(text, entry.lead, node):
        return [Splice(line_start(text, node.start), line_end(text, node.end), newline.join(lines))]
    beside = f" {lines.pop(0).lstrip()}" if isinstance(slot.container, Sequence) else ""
    old_end, end = max(node.end, entry.lead), line_end(text, node.end)
    return [Splice(entry.lead, old_end, beside), Splice(end, end, "".join(f"{newline}{line}" for line in lines))]


def _on_later_line(text: str, lead: int, node: Node) -> bool:
    return node.start > line_end(text, lead)
