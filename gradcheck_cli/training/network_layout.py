"""Arranges the layers of a network that nobody wrote down, with what lies between and around them; it runs none.

Between layers stands what functions do (`F.relu`, `x * 2`): as a layer of its own that no module stands for, so that
rules do not take layers for neighbours that are none. Layers that some path bypasses are put into a `Residual`, one for
each sum or concatenation at which the paths come together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.recording.description import LayerDescription, LayerKind
from gradcheck_cli.training.data_flow import Node, Passage, find_bypassed, layer_type_of, parents, trace_back

FUNCTION = "Function"
"""Type of what happens between layers and is no layer of torch.nn."""


@dataclass(frozen=True, eq=False)
class Trace:
    """One forward pass, by the nodes of torch's graph.

    Attributes:
        order: Names of the layers that were called, by their first calls; none that encloses others.
        outputs: The nodes of each layer's outputs.
        inputs: The node of each layer's input, by name; None for the network's own input.
        end: Of the network's output.
        sources: At which paths begin.
        repeated: Layers that were called more than once.
    """

    order: tuple[str, ...]
    outputs: Mapping[Node, str]
    inputs: Mapping[str, Node | None]
    end: Node | None
    sources: frozenset[Node]
    repeated: frozenset[str]

    @property
    def bypassed(self) -> set[str]:
        """Layers around which a path leads; all of them where torch knows nothing of the way to the output."""
        if self.end is None:
            return set(self.order)
        unseen = set(self.order) - set(self.outputs.values())
        return find_bypassed(self.end, self.outputs, sources=self.sources) | unseen


@dataclass(frozen=True)
class _Entry:
    """One layer in the arrangement; `block` is the number of the `Residual` around it, None outside."""

    layer: LayerDescription
    block: int | None


def arrange(
    described: Mapping[str, LayerDescription], trace: Trace, *, path: str | None
) -> tuple[LayerDescription, ...]:
    """All layers in forward order, a `Residual` after what is in it.

    Args:
        described: By name: what encloses others first, then those that were called, in their order, then the rest.
        path: Config path of what is added.
    """
    return _Arrangement(described, trace, path).layers()


class _Arrangement:
    def __init__(self, described: Mapping[str, LayerDescription], trace: Trace, path: str | None) -> None:
        self._described, self._trace, self._path = described, trace, path
        self._bypassed = trace.bypassed
        self._taken, self._counts = set(described), Counter[str]()
        self._block = 0

    def layers(self) -> tuple[LayerDescription, ...]:
        names = list(self._described)
        # In this order: what encloses others and has tensors of its own, what was called, what was not.
        called = [names.index(name) for name in self._trace.order]
        first, last = (min(called), max(called) + 1) if called else (0, 0)
        before, behind = ([self._described[name] for name in part] for part in (names[:first], names[last:]))
        return (*before, *self._wrap(list(self._entries())), *behind)

    def _entries(self) -> Iterator[_Entry]:
        order = self._trace.order
        for last, name in zip(("", *order), (*order, ""), strict=True):
            if last:
                node = self._trace.inputs.get(name) if name else self._trace.end
                yield from self._between(last, node, following=name)
            if name:
                yield _Entry(self._described[name], self._block if name in self._bypassed else None)

    def _between(self, last: str, node: Node | None, *, following: str) -> Iterator[_Entry]:
        passage = trace_back(node, self._trace.outputs, sources=self._trace.sources)
        if passage.join is not None and last in self._bypassed:
            inner = self._lead_to(passage.join, last)
            if inner is None or inner.operations:
                yield _Entry(self._function(inner), self._block)
            self._block += 1
            if passage.operations:
                outer = Passage(last, passage.operations)
                yield _Entry(self._function(outer), None)
        elif passage.origin != last or passage.operations or last in self._trace.repeated:
            is_inside = last in self._bypassed and (following in self._bypassed or not following)
            straight = passage if passage.origin == last and last not in self._trace.repeated else None
            yield _Entry(self._function(straight), self._block if is_inside else None)

    def _lead_to(self, join: Node, layer: str) -> Passage | None:
        """How a layer's output comes to where tensors are put together; None where that cannot be told."""
        ways = (trace_back(one, self._trace.outputs, sources=self._trace.sources) for one in parents(join))
        return next((way for way in ways if way.origin == layer), None)

    def _function(self, passage: Passage | None) -> LayerDescription:
        """What functions do; by the name of a layer of torch.nn where one does the same."""
        operations = passage.operations if passage is not None else ()
        type_name = layer_type_of(operations)
        signature = find_layer(type_name)
        return LayerDescription(
            name=self._name(type_name.lower() or FUNCTION.lower()),
            type=type_name or FUNCTION,
            kind=LayerKind(signature.kind) if signature else LayerKind.OTHER,
            arguments={} if type_name else {"operations": list(operations)},
            path=self._path,
        )

    def _wrap(self, entries: list[_Entry]) -> Iterator[LayerDescription]:
        for block, group in groupby(entries, key=lambda entry: entry.block):
            layers = [entry.layer for entry in group]
            if block is None:
                yield from layers
                continue
            around = LayerDescription(self._name("residual"), "Residual", LayerKind.RESIDUAL, path=self._path)
            yield from (replace(layer, parent=around.name, branch="main") for layer in layers)
            yield replace(around, input_shape=layers[0].input_shape, output_shape=layers[-1].output_shape)

    def _name(self, word: str) -> str:
        """`word_1`, `word_2`, ..., as no layer is called."""
        self._counts[word] += 1
        name = f"{word}_{self._counts[word]}"
        return name if name not in self._taken else self._name(word)
