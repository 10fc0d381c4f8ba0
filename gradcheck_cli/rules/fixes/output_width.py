"""Suggestions that give a network the number of outputs that its targets ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.suggestion import Edits, advise, collect, insert_at, set_to, suggest
from gradcheck_cli.rules.fixes.written import is_written_for_one, kind_of, written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

WIDTH_KEYS = {"affine": "out_features", "convolution": "out_channels"}


def set_width(config: Config | None, path: str, *, width: int) -> Sequence[Fix]:
    """Give the layer at `path` that width; where it cannot have one, put a linear layer behind the network."""
    title = f"Give the network {width} output{'s' if width != 1 else ''}"
    reason = "The loss then finds an output for each target."
    edited = suggest(config, title, safety=Safety.UNSAFE, reason=reason, edits=lambda c: _width_edits(c, path, width))
    return collect(edited or advise(title, reason=reason))


def _width_edits(config: Config, path: str, width: int) -> Edits:
    written = next((w for w in written_layers(config) if w.layer.path == path), None)
    key = WIDTH_KEYS.get(kind_of(written.layer.type)) if written is not None else None
    if written is None or key is None:
        return (insert_at(f"model.layers[{len(config.model.layers)}]", {"type": "Linear", "out_features": width}),)
    # One written place that stands for several layers cannot get the width of the last alone.
    if not is_written_for_one(config, path) or written.layer.arguments.get(key) == width:
        return ()
    return (set_to(f"{path}.{key}", width),)
