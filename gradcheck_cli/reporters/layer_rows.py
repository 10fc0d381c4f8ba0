"""The rows of the layer table: which layers share one, and what was measured of each; it draws and judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.description import LayerDescription, LayerKind
from gradcheck_cli.recording.history import Bools, Floats, History, Quantity
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Family, Finding, Severity

_CONTAINERS = frozenset({LayerKind.RESIDUAL, LayerKind.CONCAT})


@dataclass(frozen=True)
class LayerRow:
    """One row: a layer with parameters and the parameterless ones that follow it.

    Attributes:
        names: The layers in it, the one that names the row first.
        types: Their types.
        depth: How many containers it stands in.
        gradient: L2 norm of the gradient over all of the row's parameters at every step, `[S]`.
        gradient_known: `[S]`.
        gradient_norm, sensitivity, update_ratio, dead_fraction: Last measured value; None where never measured.
        severity: Of the worst finding that names one of the layers; None where none does.
        families: Of the rules whose findings name one of the layers.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    shape: tuple[int, ...] | None = None
    depth: int = 0
    gradient: Floats = field(default_factory=lambda: np.empty(0))
    gradient_known: Bools = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    gradient_norm: float | None = None
    sensitivity: float | None = None
    update_ratio: float | None = None
    dead_fraction: float | None = None
    severity: Severity | None = None
    families: frozenset[Family] = frozenset()

    @property
    def name(self) -> str:
        """Name of the layer that stands for the row."""
        return self.names[0]


def collect_rows(history: History, findings: Sequence[Finding], *, separate: bool = False) -> tuple[LayerRow, ...]:
    """Rows in forward order; with `separate` every layer has its own."""
    parents = {layer.name: layer.parent for layer in history.description.layers}
    groups = (
        [[layer] for layer in history.description.layers] if separate else _group_layers(history.description.layers)
    )
    return tuple(_make_row(group, history, parents=parents, findings=findings) for group in groups)


def _group_layers(layers: Iterable[LayerDescription]) -> list[list[LayerDescription]]:
    """Attach parameterless layers to the layer before them in the same branch."""
    groups: list[list[LayerDescription]] = []
    for layer in layers:
        if groups and _belongs_to(layer, groups[-1]):
            groups[-1].append(layer)
        else:
            groups.append([layer])
    return groups


def _belongs_to(layer: LayerDescription, group: list[LayerDescription]) -> bool:
    head = group[0]
    if layer.parameters or layer.kind in _CONTAINERS or head.kind in _CONTAINERS:
        return False
    return (layer.parent, layer.branch) == (head.parent, head.branch)


def _make_row(
    group: Sequence[LayerDescription],
    history: History,
    *,
    parents: Mapping[str, str | None],
    findings: Sequence[Finding],
) -> LayerRow:
    head, names = group[0], tuple(layer.name for layer in group)
    parameters = [parameter for layer in group for parameter in layer.parameters]
    gradient, known = _combine_norms(history, [parameter.name for parameter in parameters])
    weights = [parameter.name for parameter in parameters if len(parameter.shape) > 1]
    about = [finding for finding in findings if not set(names).isdisjoint(finding.layers)]
    return LayerRow(
        names=names,
        types=tuple(layer.type for layer in group),
        shape=head.output_shape,
        depth=_count_parents(head.name, parents),
        gradient=gradient,
        gradient_known=known,
        gradient_norm=float(gradient[known][-1]) if known.any() else None,
        sensitivity=_pick_last(history, Quantity.SENSITIVITY, names, largest=False),
        update_ratio=_pick_last(history, Quantity.UPDATE_RATIO, weights, largest=True),
        dead_fraction=_pick_last(history, Quantity.DEAD_FRACTION, names, largest=True),
        severity=min((finding.severity for finding in about), key=lambda severity: severity.rank, default=None),
        families=frozenset(rule.family for rule in ALL if any(finding.rule == rule.code for finding in about)),
    )


def _combine_norms(history: History, parameters: Sequence[str]) -> tuple[Floats, Bools]:
    """L2 norm over several tensors from the norm of each; unknown only where all are."""
    signal = history.signals.get(Quantity.GRADIENT_NORM)
    places = [signal.rows.index(name) for name in parameters if name in signal.rows] if signal is not None else []
    if signal is None or not places:
        return np.empty(0), np.empty(0, dtype=np.bool_)
    values, known = signal.values[places], signal.known[places]
    # hypot neither overflows nor underflows where squares would.
    combined = np.hypot.reduce(np.where(known, values, 0.0), axis=0)
    return combined, np.asarray(known.any(axis=0))


def _pick_last(history: History, quantity: Quantity, names: Sequence[str], *, largest: bool) -> float | None:
    """The last known value among `names`: the worst of them where several were measured."""
    signal = history.signals.get(quantity)
    if signal is None:
        return None
    rows = [signal.row(name) for name in names]
    values = np.array([row[-1] for row in rows if len(row)])
    if not len(values):
        return None
    return float(values.max() if largest else values.min())


def _count_parents(name: str, parents: Mapping[str, str | None]) -> int:
    depth, parent = 0, parents.get(name)
    while parent is not None and depth < len(parents):
        depth, parent = depth + 1, parents.get(parent)
    return depth
