"""Suggestions that put activations between layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradcheck_cli.config.layers import expand
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.activation import main_activation
from gradcheck_cli.rules.fixes.suggestion import Edits, advise, collect, insert_at, set_to, suggest
from gradcheck_cli.rules.fixes.written import after, write_entry, written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.edit_types import Edit
    from gradcheck_cli.config.schema import Config, LayerConfig

USUAL_ACTIVATION = "ReLU"
NEEDS_ARGUMENTS = frozenset({"Elementwise", "Threshold"})


def insert_activations(config: Config | None, names: Sequence[str]) -> Sequence[Fix]:
    """An activation behind each layer of a chain but the last.

    Args:
        names: The chain, in forward order.
    """
    activation = _choose_activation(config) if config is not None else USUAL_ACTIVATION
    title, reason = f"Put {activation} between them", "Each layer then adds a bend that the others cannot make."
    edited = suggest(
        config, title, safety=Safety.UNSAFE, reason=reason, edits=lambda c: _insertions(c, names, activation)
    )
    return collect(edited or advise(title, reason=reason))


def _choose_activation(config: Config) -> str:
    used = main_activation(config)
    return used if used and used not in NEEDS_ARGUMENTS else USUAL_ACTIVATION


def _insertions(config: Config, names: Sequence[str], activation: str) -> Edits:
    paths = {layer.name: layer.path for top in expand(config.model) for layer in top.walk()}
    if not set(names) <= paths.keys():
        return ()
    *earlier, last = (paths[name] for name in names)
    # The last layer written at the same place as an earlier one would get an activation too.
    if last in earlier:
        return ()
    written = {w.layer.path: w.layer for w in written_layers(config)}
    return tuple(_insertion(written[path], activation) for path in dict.fromkeys(earlier))


def _insertion(layer: LayerConfig, activation: str) -> Edit:
    if layer.repeat == 1:
        return insert_at(after(layer.path), activation)
    return set_to(layer.path, {"repeat": layer.repeat, "layers": [write_entry(layer), activation]})
