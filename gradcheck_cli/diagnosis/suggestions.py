"""The fixes of a finding that fit how its network came about; it tries none of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gradcheck_cli.recording.description import LayerKind, RunDescription
from gradcheck_cli.rules.base import Finding, Fix, Rule, Safety

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

_NETWORK = "model"


def find_fixes(rule: Rule, finding: Finding, config: Config | None, *, description: RunDescription) -> tuple[Fix, ...]:
    """What a rule suggests.

    Where the user's own code makes the network, what concerns layers is advice: there is no line of a config to edit.
    The rule is asked as if the layers that were found had been written, so that it suggests only what fits them.
    """
    if config is None or config.model.factory is None:
        return tuple(rule.fixes(finding, config))
    return tuple(map(_without_layers, rule.fixes(finding, _write_layers(config, description))))


def _write_layers(config: Config, description: RunDescription) -> Config:
    # Imported here: `report` starts faster without it.
    from gradcheck_cli.config.schema import LayerConfig, ModelConfig

    found = [layer for layer in description.layers if layer.kind not in (LayerKind.RESIDUAL, LayerKind.CONCAT)]
    layers = tuple(
        LayerConfig(
            type=layer.type,
            arguments=dict(layer.arguments),
            path=f"{_NETWORK}.layers[{index}]",
            name=layer.name,
            trainable=layer.trainable,
        )
        for index, layer in enumerate(found)
    )
    return replace(config, model=ModelConfig(layers=layers))


def _without_layers(fix: Fix) -> Fix:
    concerns_layers = any(edit.path.partition(".")[0] == _NETWORK for edit in fix.edits)
    return replace(fix, safety=Safety.ADVICE, edits=()) if concerns_layers else fix
