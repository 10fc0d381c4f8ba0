"""The comments of a YAML text and the lines that they speak of; it gives their words no meaning."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from gradcheck_cli.config.composer import compose
from gradcheck_cli.config.document import BYTE_ORDER_MARK
from gradcheck_cli.config.lines import begins_line, line_end, locate, skip_blank
from gradcheck_cli.config.syntax_tree import Mapping, Node, Scalar, Sequence


@dataclass(frozen=True)
class Comment:
    """One comment.

    Attributes:
        text: From its `#` to the end of the line.
        line: Where it stands, from 1.
        target: The line with a value that it stands on, or else the next one below it; its own line where none follows.
    """

    text: str
    line: int
    target: int


def find_comments(text: str, pattern: re.Pattern[str]) -> Iterator[Comment]:
    """The comments of a valid document that the pattern matches from their `#` on.

    Args:
        text: As in `Document.text`.
    """
    body = text.removeprefix(BYTE_ORDER_MARK)
    found = [match.start() for match in pattern.finditer(body) if _may_begin(body, match.start())]
    if not found or (tree := compose(body)) is None:
        return
    spans = sorted(_find_scalars(tree.root))
    for offset in found:
        index = bisect_right(spans, (offset, len(body)))
        if index and offset < spans[index - 1][1]:
            continue
        line, _ = locate(body, offset)
        target = line
        if begins_line(body, offset) and (following := skip_blank(body, offset)) < len(body):
            target, _ = locate(body, following)
        yield Comment(body[offset : line_end(body, offset)].rstrip(), line, target)


def _may_begin(text: str, offset: int) -> bool:
    return offset == 0 or text[offset - 1] in " \t\r\n"


def _find_scalars(node: Node) -> Iterator[tuple[int, int]]:
    """Start and end of each text and number, keys included; recursion is bounded by the composer."""
    if isinstance(node, Scalar):
        yield node.start, node.end
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _find_scalars(item)
    elif isinstance(node, Mapping):
        for pair in node.pairs:
            for part in pair:
                yield from _find_scalars(part)
