"""How much of a network was observed, in one line; it judges nothing."""

from __future__ import annotations

from gradcheck_cli.diagnosis.report import Coverage
from gradcheck_cli.recording.history import History, Quantity, RunStatus

LAYER_QUANTITIES = frozenset({Quantity.BACKWARD_SIGNAL, Quantity.FORWARD_SIGNAL, Quantity.SENSITIVITY})


def measure_coverage(run: History) -> Coverage:
    """Layers with at least one known value, all layers, and what was not recorded."""
    observed: set[str] = set()
    for quantity in LAYER_QUANTITIES & set(run.signals):
        signal = run.signals[quantity]
        observed.update(row for index, row in enumerate(signal.rows) if signal.known[index].any())
    layers = [layer.name for layer in run.description.layers]
    notes = [*run.notes, *(f"{what}: {why}" for what, why in run.unavailable.items())]
    if run.status is RunStatus.LINTED:
        notes.append("not trained")
    return Coverage(sum(name in observed for name in layers), len(layers), "; ".join(notes))
