"""Suggestions that lead the signal around blocks of layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gradcheck_cli.config.layers import expand
from gradcheck_cli.config.schema import GROUP, LayerConfig
from gradcheck_cli.config.shape_flow import Flow, follow_shapes
from gradcheck_cli.config.sizes import input_shape
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.normalization import normalization_for
from gradcheck_cli.rules.fixes.suggestion import Edits, advise, insert_at, remove, set_to, suggest
from gradcheck_cli.rules.fixes.written import WEIGHTED, Written, kind_of, write_entry, written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

FEWEST_BLOCKS = 3
"""A network with fewer blocks is not deep enough for its gradient to need a way around them."""
_COMPANY = frozenset({LayerKind.NORMALIZATION, LayerKind.ACTIVATION, LayerKind.DROPOUT})
_REASON = "The gradient then has a way to the first layers that passes through no activation."

Block = Sequence[LayerConfig]


def add_residual_paths(config: Config | None) -> Fix:
    """A `Residual` around each hidden layer with its activation whose output has the shape of its input.

    Where the config does not show such blocks, they are for the author to find: advice.
    """
    title = "Put residual paths around blocks of equal width"
    fix = suggest(
        config,
        f"{title}, with a normalisation in each",
        safety=Safety.UNSAFE,
        reason=_REASON,
        edits=_residual_edits,
    )
    return fix or advise(f"{title} (`type: Residual`)", reason=_REASON)


def _residual_edits(config: Config) -> Edits:
    flows = _flows_by_path(config)
    written = {w.layer.path: w for w in written_layers(config)}
    edits: list[Edits] = []
    blocks = 0
    for group, block in _find_blocks(config.model.layers, written):
        fits = [flow.input_shape is not None and flow.input_shape == flow.output_shape for flow in flows[block[0].path]]
        is_whole_group = group is not None and len(block) == len(group.layers)
        if fits and all(fits):
            edits.append(_wrap(block, written, config))
            blocks += len(fits)
        # Often the first of several equal blocks is the one that changes the width.
        elif group is not None and is_whole_group and group.repeat == len(fits) > 1 and all(fits[1:]):
            edits.append((*_split_off_first(group), *_wrap(block, written, config)))
            blocks += len(fits) - 1
    return tuple(edit for one in edits for edit in one) if blocks >= FEWEST_BLOCKS else ()


def _flows_by_path(config: Config) -> dict[str, list[Flow]]:
    """The shapes at every copy of each written layer."""
    layers = expand(config.model)
    flows = follow_shapes(layers, input_shape(config))
    by_path: dict[str, list[Flow]] = {}
    for layer in (inner for top in layers for inner in top.walk()):
        by_path.setdefault(layer.path, []).append(flows[layer.name])
    return by_path


def _find_blocks(
    entries: Block, written: dict[str, Written], group: LayerConfig | None = None
) -> Iterator[tuple[LayerConfig | None, Block]]:
    """Each hidden weighted layer with the entries behind it that keep its shape, and the group that they stand in."""
    start = 0
    while start < len(entries):
        entry = entries[start]
        if entry.type == GROUP:
            yield from _find_blocks(entry.layers, written, entry)
        end = start + 1
        if _can_begin(entry, written):
            while end < len(entries) and kind_of(entries[end].type) in _COMPANY and entries[end].repeat == 1:
                end += 1
            block = entries[start:end]
            if any(kind_of(other.type) is LayerKind.ACTIVATION for other in block):
                yield group, block
        start = end


def _can_begin(entry: LayerConfig, written: dict[str, Written]) -> bool:
    return kind_of(entry.type) in WEIGHTED and entry.repeat == 1 and written[entry.path].hidden


def _wrap(block: Block, written: dict[str, Written], config: Config) -> Edits:
    inner: list[Any] = [write_entry(layer) for layer in block]
    if not any(kind_of(layer.type) is LayerKind.NORMALIZATION for layer in block):
        inner.insert(0, normalization_for(written[block[0].path], config.trainer.batch_size))
    wrapped = set_to(block[0].path, {"type": "Residual", "layers": inner})
    return (wrapped, *(remove(layer.path) for layer in block[1:]))


def _split_off_first(group: LayerConfig) -> Edits:
    """The first copy of a group written out before it; two layers cannot share a name, so it has none."""
    first = [write_entry(layer, named=False) for layer in group.layers]
    return (*(insert_at(group.path, entry) for entry in first), set_to(f"{group.path}.repeat", group.repeat - 1))
