"""Numbers of the last step for experiment trackers, TensorBoard among them; it knows no tracker by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.recording.history import Quantity
from gradcheck_cli.recording.recorder import Recorder
from gradcheck_cli.recording.statistics import total_norms
from gradcheck_cli.rules.base import Finding, Severity

PREFIX = "gradcheck"
TOTAL = f"{PREFIX}/gradient_norm"


class ScalarWriter(Protocol):
    """A `SummaryWriter` of TensorBoard, or anything that writes scalars likewise."""

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> object:
        """One number of one step."""


def pick_scalars(recorder: Recorder, layers: Sequence[LayerDescription], *, count: int | None) -> dict[str, float]:
    """By tag: the gradient norm over all parameters and of single layers, and their last known update ratios.

    The layers farthest from the others come first: by how many factors of ten their norm over that of their weights
    is away from the median layer's. Norms that are not finite are farther than any.

    Args:
        recorder: Flushed.
        count: How many layers; None for all, in their own order.
    """
    norms, weights = recorder.tables.last_norms, recorder.tables.recent(Quantity.WEIGHT_NORM)
    found = {TOTAL: float(total_norms(np.array([list(norms.values())]))[0]) if norms else math.nan}
    updates = recorder.tables.recent(Quantity.UPDATE_RATIO)
    joined = {layer.name: _join(norms, layer) for layer in layers}
    by_layer = {name: norm for name, norm in joined.items() if norm is not None}
    sizes = {layer.name: _join({key: float(row[-1]) for key, row in weights.items()}, layer) for layer in layers}
    names = list(by_layer) if count is None else _farthest(by_layer, sizes)[:count]
    for name in names:
        found[f"{TOTAL}/{name}"] = by_layer[name]
    for layer in layers:
        ratios = [
            float(updates[one.name][-1]) for one in layer.parameters if one.name in updates and len(one.shape) > 1
        ]
        known = [ratio for ratio in ratios if not math.isnan(ratio)]
        if layer.name in names and known:
            found[f"{PREFIX}/update_ratio/{layer.name}"] = max(known)
    return found


def count_findings(findings: Iterable[Finding]) -> dict[str, float]:
    """How many errors and warnings there are, by tag."""
    severities = [finding.severity for finding in findings]
    return {
        f"{PREFIX}/errors": float(severities.count(Severity.ERROR)),
        f"{PREFIX}/warnings": float(severities.count(Severity.WARNING)),
    }


def write_scalars(writer: ScalarWriter, scalars: Mapping[str, float], *, step: int) -> None:
    """Hand them over."""
    for tag, value in scalars.items():
        writer.add_scalar(tag, value, step)


def _join(norms: Mapping[str, float], layer: LayerDescription) -> float | None:
    """The norm over a layer's parameters; None where none is known."""
    known = [norms[one.name] for one in layer.parameters if one.name in norms and not np.isnan(norms[one.name])]
    bad = [norms[one.name] for one in layer.parameters if one.name in norms and np.isnan(norms[one.name])]
    return math.hypot(*known) if known else math.nan if bad else None


def _farthest(norms: Mapping[str, float], sizes: Mapping[str, float | None]) -> list[str]:
    relative = {name: norm / (sizes.get(name) or 1.0) for name, norm in norms.items()}
    logarithms = {name: math.log10(value) if 0 < value < math.inf else math.inf for name, value in relative.items()}
    finite = [value for value in logarithms.values() if math.isfinite(value)]
    middle = float(np.median(finite)) if finite else 0.0
    return sorted(norms, key=lambda name: -abs(logarithms[name] - middle))
