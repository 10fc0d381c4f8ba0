"""YAML text to a tree of nodes with offsets, within bounds; it gives no value to what it reads."""

from __future__ import annotations

from typing import Any, NoReturn

import yaml

from gradcheck_cli.config.lines import skip_blank
from gradcheck_cli.config.syntax import explain, problem_at, refuse_unprintable
from gradcheck_cli.config.syntax_tree import Alias, Mapping, Node, Scalar, Sequence, Tree
from gradcheck_cli.errors import ConfigError

MAX_VALUES = 200_000
MAX_DEPTH = 100

# The C parser reads an ordinary config in well under a millisecond; both give the same events.
_FAST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(text: str, *, loader: Any = None) -> Tree | None:
    """Read one document; None where the text holds no value at all.

    Args:
        text: Without a byte order mark.
        loader: A PyYAML safe loader class; the fastest at hand by default.

    Raises:
        ConfigError: The text is not valid YAML, holds several documents, or goes over the bounds.
    """
    refuse_unprintable(text)
    try:
        return _Composer(text, loader or _FAST_LOADER).document()
    except yaml.YAMLError as error:
        if loader is yaml.SafeLoader or _FAST_LOADER is yaml.SafeLoader:
            raise ConfigError([explain(error, text)]) from None
    # The Python parser words its errors better and is the one to agree with.
    return compose(text, loader=yaml.SafeLoader)


class _Composer:
    """Builds nodes from the parser's events; no deeper than `MAX_DEPTH`, so that recursion is safe."""

    def __init__(self, text: str, loader: Any) -> None:
        self._text = text
        self._loader = loader
        self._anchors: dict[str, Node | None] = {}
        self._referenced: set[int] = set()
        self._values = 0

    def document(self) -> Tree | None:
        self._parser = self._loader(self._text)
        try:
            self._next()
            if isinstance(self._next(), yaml.StreamEndEvent):
                return None
            root = self._node(self._next(), 1)
            self._next()
            if not isinstance(event := self._next(), yaml.StreamEndEvent):
                self._refuse(event.start_mark.index, "a second document begins here", "one file describes one run")
        finally:
            self._parser.dispose()
        if isinstance(root, Scalar) and root.start == root.end:
            return None
        return Tree(root, frozenset(self._referenced))

    def _next(self) -> Any:
        return self._parser.get_event()

    def _refuse(self, offset: int, message: str, hint: str = "") -> NoReturn:
        raise ConfigError([problem_at(self._text, offset, message, hint=hint)])

    def _node(self, event: Any, depth: int) -> Node:
        start = event.start_mark.index
        if depth > MAX_DEPTH:
            self._refuse(start, f"values nest more than {MAX_DEPTH} levels deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._count(start, 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node: Node = self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, depth)
        else:
            node = self._sequence(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _count(self, offset: int, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            self._refuse(
                offset,
                f"the file holds more than {MAX_VALUES:,} values once its aliases are written out",
                "a config that large is a mistake or an attack",
            )

    def _alias(self, event: Any, depth: int) -> Alias:
        start, end = event.start_mark.index, event.end_mark.index
        name = event.anchor
        if name not in self._anchors:
            self._refuse(start, f"the alias *{name} has no &{name} before it", "quote a text that begins with *")
        target = self._anchors[name]
        if target is None:
            self._refuse(start, f"the alias *{name} stands inside the value that it names")
        if depth + target.height - 1 > MAX_DEPTH:
            self._refuse(start, f"values nest more than {MAX_DEPTH} levels deep once *{name} is written out")
        self._count(start, target.size)
        self._referenced.add(target.start)
        return Alias(start, end, None, target.size, target.height, target)

    def _scalar(self, event: Any) -> Scalar:
        start, end, style = event.start_mark.index, event.end_mark.index, event.style or ""
        if style in {"|", ">"}:
            end = start + len(self._text[start:end].rstrip())
        return Scalar(start, end, event.tag, 1, 1, event.value, style)

    def _mapping(self, event: Any, depth: int) -> Mapping:
        pairs: list[tuple[Node, Node]] = []
        while not isinstance(closing := self._next(), yaml.MappingEndEvent):
            key = self._node(closing, depth + 1)
            pairs.append((key, self._after_colon(key, self._node(self._next(), depth + 1))))
        last = max(pairs[-1][0].end, pairs[-1][1].end) if pairs else event.start_mark.index
        start, end, inside = self._extent(event, closing, last)
        size = 1 + sum(key.size + value.size for key, value in pairs)
        height = 1 + max((max(key.height, value.height) for key, value in pairs), default=0)
        return Mapping(start, end, event.tag, size, height, bool(event.flow_style), inside, tuple(pairs))

    def _sequence(self, event: Any, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(closing := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(closing, depth + 1))
        start, end, inside = self._extent(event, closing, items[-1].end if items else event.start_mark.index)
        size, height = 1 + sum(item.size for item in items), 1 + max((item.height for item in items), default=0)
        return Sequence(start, end, event.tag, size, height, bool(event.flow_style), inside, tuple(items))

    def _after_colon(self, key: Node, value: Node) -> Node:
        """Put an empty value right after its colon, or after its key without one: parsers differ on where it is."""
        if value.start != value.end or not isinstance(value, Scalar):
            return value
        colon = skip_blank(self._text, key.end)
        offset = colon + 1 if self._text[colon : colon + 1] == ":" and colon < value.start else key.end
        return Scalar(offset, offset, value.tag, 1, 1, value.text, value.style)

    def _extent(self, opening: Any, closing: Any, last: int) -> tuple[int, int, int]:
        """Start, end and offset after the bracket. A block ends with its last value: the parser adds blanks."""
        start = opening.start_mark.index
        if closing.start_mark.index < closing.end_mark.index and opening.flow_style:
            return start, closing.end_mark.index, opening.end_mark.index
        return start, last, start
