"""How each activation of a run behaved: whether it can saturate, is flat, or gets any signal; it holds no limit."""

from __future__ import annotations

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.description import LayerDescription, LayerKind
from gradcheck_cli.recording.history import Floats, History, Ints, Quantity
from gradcheck_cli.rules.surroundings import layer_before

SATURATING = frozenset({"Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign", "LogSigmoid"})
SATURATING_FUNCTIONS = frozenset({"erf", "atan"})


def saturates(layer: LayerDescription) -> bool:
    """Whether an activation levels off for large inputs of at least one sign without being a rectifier."""
    if layer.kind is not LayerKind.ACTIVATION:
        return False
    return layer.type in SATURATING or layer.arguments.get("function") in SATURATING_FUNCTIONS


def is_flat(layer: LayerDescription, run: History) -> bool:
    """Whether an activation has slope 0 everywhere, as a sign has: nowhere is it steeper than where it was seen.

    A dead rectifier has slope 0 too, but counts as saturated, since it is steep elsewhere.
    """
    slope, saturated = _known(run, Quantity.ACTIVATION_SLOPE, layer), _known(run, Quantity.SATURATED_FRACTION, layer)
    return bool(slope.size and not slope.any() and not saturated.any())


def signal_share(layer: LayerDescription, run: History) -> float:
    """What reaches a layer of the forward signal of the network's first layer, median over the run; NaN if unknown.

    Where next to nothing arrives, each unit is on or off for all rows alike, whatever the activation.
    """
    signal, before = run.signals.get(Quantity.FORWARD_SIGNAL), layer_before(layer, run.description)
    if signal is None or before is None or before.name not in signal.rows:
        return float("nan")
    first = next((row for row in signal.rows if signal.row(row).size), None)
    if first is None:
        return float("nan")
    index, source = signal.rows.index(before.name), signal.rows.index(first)
    known = signal.known[index] & signal.known[source] & (signal.values[source] > 0)
    return float(np.median(signal.values[index, known] / signal.values[source, known])) if known.any() else float("nan")


def row_with_steps(run: History, quantity: Quantity, name: str) -> tuple[Ints, Floats]:
    """Steps and values of one row where it is known, each `[S]`."""
    signal = run.signals.get(quantity)
    if signal is None or name not in signal.rows:
        return np.empty(0, dtype=np.int64), np.empty(0)
    known = signal.known[signal.rows.index(name)]
    return signal.steps[known], signal.row(name)


def _known(run: History, quantity: Quantity, layer: LayerDescription) -> Floats:
    return row_with_steps(run, quantity, layer.name)[1]
