"""Layers of a description with their sizes and initialisation, and the totals; it draws nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from gradcheck_cli.config.schema import Config, write_plain
from gradcheck_cli.recording.description import LayerDescription, ParameterDescription, RunDescription
from gradcheck_cli.reporters.json_format import make_plain

TORCH_DEFAULT = "torch's default"


@dataclass(frozen=True)
class LayerSummary:
    """One layer; `init`, `init_std` and `init_gain` are those of its first weight of two or more dimensions."""

    name: str
    type: str
    depth: int
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    parameters: int
    trainable: bool
    init: str | None
    init_std: float | None
    init_gain: float | None


@dataclass(frozen=True)
class Totals:
    """Counts over the network; tied tensors count once."""

    layers: int
    parameters: int
    trainable: int


def summarize_layers(description: RunDescription) -> tuple[LayerSummary, ...]:
    """One entry a layer, in forward order."""
    parents = {layer.name: layer.parent for layer in description.layers}
    return tuple(_summarize(layer, _count_parents(layer, parents)) for layer in description.layers)


def _count_parents(layer: LayerDescription, parents: dict[str, str | None]) -> int:
    depth, parent = 0, layer.parent
    while parent is not None and depth < len(parents):
        depth, parent = depth + 1, parents.get(parent)
    return depth


def _summarize(layer: LayerDescription, depth: int) -> LayerSummary:
    weight = next((entry for entry in layer.parameters if len(entry.shape) > 1), None)
    return LayerSummary(
        name=layer.name,
        type=layer.type,
        depth=depth,
        input_shape=layer.input_shape,
        output_shape=layer.output_shape,
        parameters=_count(layer.parameters),
        trainable=layer.trainable,
        init=None if weight is None else weight.init or TORCH_DEFAULT,
        init_std=None if weight is None else weight.init_std,
        init_gain=None if weight is None else weight.init_gain,
    )


def count_totals(description: RunDescription) -> Totals:
    """Layers and parameters of the whole network."""
    own = [parameter for parameter in description.parameters if parameter.alias_of is None]
    return Totals(len(description.layers), _count(own), _count(entry for entry in own if entry.trainable))


def _count(parameters: Iterable[ParameterDescription]) -> int:
    return sum(math.prod(parameter.shape) for parameter in parameters)


def render_json(config: Config, description: RunDescription) -> str:
    """Config, layers with all their parameters, and totals."""
    document = {
        "config": write_plain(config),
        "data": asdict(description.data),
        "planned_steps": description.planned_steps,
        "layers": [asdict(layer) for layer in description.layers],
        "totals": asdict(count_totals(description)),
    }
    return json.dumps(make_plain(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
