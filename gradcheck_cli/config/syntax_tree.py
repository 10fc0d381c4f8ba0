"""The tree that a YAML text describes, with offsets into the text; it knows no config key and reads nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A value as written.

    Attributes:
        start, end: Offsets of its text, anchor and tag included; equal where nothing is written (an empty value).
        tag: The tag as written, resolved to its full name; None without one.
        size: Values in it once aliases are written out, itself included.
        height: How deeply it nests once aliases are written out; 1 for a scalar.
    """

    start: int
    end: int
    tag: str | None
    size: int
    height: int


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """A single value; `style` is empty for a plain one, else its first character (a quote, `|` or `>`)."""

    text: str
    style: str


@dataclass(frozen=True, slots=True)
class Alias(Node):
    """A `*name` that stands for `target`."""

    target: Node


@dataclass(frozen=True, slots=True)
class Collection(Node):
    """A mapping or a list.

    Attributes:
        flow: Whether it is written in brackets, or is a lone `key: value` inside brackets.
        inside: Offset after the opening bracket; `start` where there is none.
    """

    flow: bool
    inside: int

    @property
    def bracketed(self) -> bool:
        """Whether it has brackets of its own."""
        return self.inside > self.start


@dataclass(frozen=True, slots=True)
class Mapping(Collection):
    """Keys with values, merge keys (`<<`) included as written."""

    pairs: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Sequence(Collection):
    """A list."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole document; `referenced` holds the starts of the nodes that some alias points at."""

    root: Node
    referenced: frozenset[int]
