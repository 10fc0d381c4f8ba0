"""Where the entries of a written mapping or list begin and end; it changes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gradcheck_cli.config.construction import is_merge, key_text
from gradcheck_cli.config.lines import skip_blank
from gradcheck_cli.config.paths import Steps
from gradcheck_cli.config.syntax_tree import Collection, Mapping, Node, Sequence

_PROPERTIES = re.compile(r"(?:[&!]\S*)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value`, `- value` or value in brackets.

    Attributes:
        start: Of its key, its dash, or the value itself.
        end: After its value; after the colon, the dash or the key where the value is empty.
        lead: After its colon or dash; the start of the value where there is neither.
        value: The value.
    """

    start: int
    end: int
    lead: int
    value: Node


@dataclass(frozen=True, slots=True)
class Slot:
    """A value with the collection that holds it; the root has none."""

    node: Node
    container: Collection | None = None
    index: int = 0


def entries_of(text: str, node: Collection) -> list[Entry]:
    """The entries of a collection as written, merge keys included."""
    if isinstance(node, Mapping):
        return [_pair(text, key, value) for key, value in node.pairs]
    items = node.items if isinstance(node, Sequence) else ()
    if node.flow:
        return [Entry(item.start, item.end, item.start, item) for item in items]
    entries: list[Entry] = []
    offset = node.start
    for item in items:
        dash = _dash(text, offset)
        entries.append(Entry(dash, max(item.end, dash + 1), dash + 1, item))
        offset = entries[-1].end
    return entries


def _pair(text: str, key: Node, value: Node) -> Entry:
    colon = skip_blank(text, key.end)
    lead = colon + 1 if text[colon : colon + 1] == ":" and colon < max(value.start, key.end + 1) else key.end
    return Entry(key.start, max(key.end, value.end), lead, value)


def _dash(text: str, offset: int) -> int:
    """The dash that follows an offset, past an anchor and a tag."""
    while text[offset : offset + 1] != "-":
        match = _PROPERTIES.match(text, offset)
        following = skip_blank(text, match.end() if match else offset)
        if following == offset:
            raise ValueError("a block list has no dash")
        offset = following
    return offset


def trail(root: Node, steps: Steps) -> list[Slot]:
    """The slots from the root down to the value at a path, as far as it is written there."""
    slots = [Slot(root)]
    for step in steps:
        node = slots[-1].node
        if isinstance(node, Mapping):
            found = [i for i, (key, _) in enumerate(node.pairs) if key_text(key) == step and not is_merge(key)]
            if not found:
                break
            slots.append(Slot(node.pairs[found[0]][1], node, found[0]))
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            slots.append(Slot(node.items[step], node, step))
        else:
            break
    return slots
