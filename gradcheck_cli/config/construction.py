"""A tree of nodes to plain data, with the place of every value; it checks no config key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradcheck_cli.config.kinds import name_kind
from gradcheck_cli.config.lines import locate
from gradcheck_cli.config.paths import Steps, join_path
from gradcheck_cli.config.scalars import misreading_hint, read_scalar
from gradcheck_cli.config.syntax import problem_at
from gradcheck_cli.config.syntax_tree import Alias, Mapping, Node, Scalar, Sequence, Tree
from gradcheck_cli.errors import Problem

_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = {f"{_TAG}str", "!"}
_SCALAR_TAGS: dict[str, type] = {
    f"{_TAG}int": int,
    f"{_TAG}float": float,
    f"{_TAG}bool": bool,
    f"{_TAG}null": type(None),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is written, as offsets into the text.

    Attributes:
        start, end: Of the value; of the alias where it comes through one.
        key_start, key_end: Of its key; of the value itself in lists.
        shared: Whether it comes through an alias or a merge key, or an alias points at it or at what it is part of.
        hint: What to write instead where a plain text looks like a number or a word of YAML 1.1; else empty.
    """

    start: int
    end: int
    key_start: int
    key_end: int
    shared: bool
    hint: str = ""


@dataclass(frozen=True)
class Construction:
    """Plain data with the places of its values and what is wrong with them."""

    data: Any
    places: dict[Steps, Place]
    problems: tuple[Problem, ...]


def construct(tree: Tree, text: str) -> Construction:
    """Give every node its value. Values written out from aliases are copies, never the same object twice."""
    constructor = _Constructor(tree, text)
    data = constructor.value(tree.root, (), key=tree.root, shared=False)
    problems = sorted(constructor.problems.values(), key=lambda problem: (problem.line or 0, problem.column or 0))
    return Construction(data, constructor.places, tuple(problems))


@dataclass(frozen=True, slots=True)
class _Pair:
    key: Node
    value: Node
    inherited: bool


class _Constructor:
    """Walks the tree once; recursion is bounded by the composer."""

    def __init__(self, tree: Tree, text: str) -> None:
        self._text = text
        self._referenced = tree.referenced
        self.places: dict[Steps, Place] = {}
        # By place and message: a fault in a value that is used several times is one problem.
        self.problems: dict[tuple[int, str], Problem] = {}

    def value(self, node: Node, steps: Steps, *, key: Node, shared: bool) -> Any:
        """The value of a node; notes its place and those of all values in it."""
        target = node.target if isinstance(node, Alias) else node
        shared = shared or isinstance(node, Alias) or node.start in self._referenced
        plain = isinstance(target, Scalar) and not target.style and target.tag is None
        hint = misreading_hint(target.text) if plain and isinstance(target, Scalar) else ""
        self.places[steps] = Place(node.start, node.end, key.start, key.end, shared, hint)
        if isinstance(target, Mapping):
            self._check_tag(target, steps, "map")
            return {
                name: self.value(pair.value, (*steps, name), key=pair.key, shared=shared or pair.inherited)
                for name, pair in self._pairs(target, steps).items()
            }
        if isinstance(target, Sequence):
            self._check_tag(target, steps, "seq")
            return [
                self.value(item, (*steps, index), key=item, shared=shared) for index, item in enumerate(target.items)
            ]
        return self._scalar(target, steps) if isinstance(target, Scalar) else None

    def _report(self, node: Node, steps: Steps, message: str, *, allowed: str = "", hint: str = "") -> None:
        problem = problem_at(self._text, node.start, message, path=join_path(steps), allowed=allowed, hint=hint)
        self.problems.setdefault((node.start, message), problem)

    def _check_tag(self, node: Node, steps: Steps, kind: str) -> None:
        if node.tag not in {None, f"{_TAG}{kind}"}:
            self._refuse_tag(node, steps)

    def _refuse_tag(self, node: Node, steps: Steps) -> None:
        shown = str(node.tag).replace(_TAG, "!!")
        self._report(node, steps, f"the tag '{shown}' is not read here", allowed="plain values", hint="remove the tag")

    def _scalar(self, node: Scalar, steps: Steps) -> Any:
        if node.tag is None:
            return node.text if node.style else read_scalar(node.text)
        if node.tag in _TEXT_TAGS:
            return node.text
        if (wanted := _SCALAR_TAGS.get(node.tag)) is None:
            self._refuse_tag(node, steps)
            return None
        value = read_scalar(node.text)
        if wanted is float and type(value) is int:
            return float(value)
        if type(value) is not wanted:
            tag = node.tag.replace(_TAG, "!!")
            self._report(node, steps, f"{node.text!r} does not fit its tag '{tag}'", hint="remove the tag")
        return value

    def _pairs(self, mapping: Mapping, steps: Steps) -> dict[str, _Pair]:
        """Keys with their values; a key of its own goes over merged ones, an earlier merge over a later one."""
        own: dict[str, _Pair] = {}
        merged: dict[str, _Pair] = {}
        merge: Node | None = None
        for key, value in mapping.pairs:
            if is_merge(key):
                self._check_repeated(key, merge, steps, "<<")
                merge = key
                for source in self._merged_mappings(value, steps):
                    for name, pair in self._pairs(source, steps).items():
                        merged.setdefault(name, _Pair(pair.key, pair.value, inherited=True))
            elif (text := self._key(key, steps)) is not None:
                self._check_repeated(key, own[text].key if text in own else None, (*steps, text), text)
                own.setdefault(text, _Pair(key, value, inherited=False))
        return {**merged, **own}

    def _check_repeated(self, key: Node, first: Node | None, steps: Steps, name: str) -> None:
        if first is not None:
            line, column = locate(self._text, first.start)
            message = f"the key {name!r} appears twice, here and in line {line}, column {column}"
            self._report(key, steps, message, hint="remove one of them")

    def _merged_mappings(self, value: Node, steps: Steps) -> list[Mapping]:
        target = value.target if isinstance(value, Alias) else value
        sources = target.items if isinstance(target, Sequence) else (target,)
        resolved = [source.target if isinstance(source, Alias) else source for source in sources]
        mappings = [source for source in resolved if isinstance(source, Mapping)]
        if len(mappings) < len(resolved):
            self._report(
                value,
                steps,
                "'<<' merges something that is not a mapping",
                allowed="*name of a mapping, or a list of them",
            )
        return mappings

    def _key(self, node: Node, steps: Steps) -> str | None:
        text = key_text(node)
        if text is None:
            target = node.target if isinstance(node, Alias) else node
            if isinstance(target, Scalar):
                what = (
                    f"the key {target.text} is {name_kind(read_scalar(target.text))}"
                    if target.text
                    else "a key is empty"
                )
                self._report(node, steps, f"{what}, but keys are text", hint="put it in quotes")
            else:
                hint = "templates such as {{ name }} are not filled in; use --set"
                self._report(node, steps, "a mapping or a list stands where a key must be", hint=hint)
        return text


def is_merge(key: Node) -> bool:
    """Whether a key is the merge key; a quoted `"<<"` is a key like any other."""
    return isinstance(key, Scalar) and key.text == "<<" and not key.style and key.tag is None


def key_text(key: Node) -> str | None:
    """The text of a key; None where it is not text."""
    target = key.target if isinstance(key, Alias) else key
    if not isinstance(target, Scalar):
        return None
    if target.tag is None:
        return target.text if target.style or isinstance(read_scalar(target.text), str) else None
    return target.text if target.tag in _TEXT_TAGS else None
