"""Suggestions that draw the first weights differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcheck_cli.config.gain import activation_gain
from gradcheck_cli.config.layers import Layer
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.learning_rate import tame_rate_edits
from gradcheck_cli.rules.fixes.suggestion import Edits, merge, remove, set_to, suggest
from gradcheck_cli.rules.fixes.written import WEIGHTED, written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

SYMMETRIC = frozenset(
    {"Tanh", "Sigmoid", "Hardtanh", "Hardsigmoid", "Softsign", "LogSigmoid", "Tanhshrink", "Softshrink"}
)
"""Activations for which Xavier's mean of both directions is the right scale."""
LABELS = {"kaiming_normal_": "He", "xavier_normal_": "Xavier", "SELU": "LeCun"}
"""What the literature calls an initialiser; for SELU, whose gain is 1, He's is LeCun's."""
SCALE_KEEPING = ("kaiming_", "xavier_", "orthogonal_")


def initialize_to_match(config: Config | None, activation: str) -> Fix | None:
    """Initial weights whose scale keeps the signal alive through the activation that follows."""
    label = LABELS.get(activation) or LABELS[initializer_for(activation)]
    tamed = config is not None and activation not in SYMMETRIC and bool(tame_rate_edits(config))
    return suggest(
        config,
        f"Draw the weights by {label} initialisation{', and take a usual learning rate' if tamed else ''}",
        safety=Safety.SAFE,
        reason="At that scale the signal and the gradient keep their size from layer to layer.",
        edits=lambda c: _with_rate(c, matched_initialization(c, activation), tamed=tamed),
    )


def draw_orthogonally(config: Config | None, activation: str) -> Fix | None:
    """Orthogonal weights with the gain of the activation that follows."""
    return suggest(
        config,
        "Draw the weights by orthogonal initialisation",
        safety=Safety.SAFE,
        reason="An orthogonal matrix keeps all directions of the signal alike, through any number of layers.",
        edits=lambda c: _orthogonal_edits(c, activation),
    )


def _orthogonal_edits(config: Config, activation: str) -> Edits:
    signature = find_layer(activation)
    layer = Layer(activation, activation, 1, "") if signature is not None else None
    gain = float(f"{activation_gain(layer):.3g}")
    wanted: Any = "orthogonal_" if gain == 1 else {"type": "orthogonal_", "gain": gain}
    return merge((set_to("model.weight_init", wanted),), _own_initializers(config))


def _with_rate(config: Config, drawn: Edits, *, tamed: bool) -> Edits:
    return merge(drawn, tame_rate_edits(config) if tamed else ()) if drawn else ()


def initializer_for(activation: str) -> str:
    """Xavier for symmetric saturating activations, He for all others."""
    return "xavier_normal_" if activation in SYMMETRIC else "kaiming_normal_"


def matched_initialization(config: Config, activation: str) -> Edits:
    """Edits that set the model's initialiser and take away the layers' own."""
    name, default = initializer_for(activation), config.model.weight_init
    wanted = default is not None and default.type == name and not default.arguments
    whole = () if wanted else (set_to("model.weight_init", name),)
    biases = config.model.bias_init
    zeroed = () if biases is None or biases.type == "zeros_" else (set_to("model.bias_init", "zeros_"),)
    return merge(whole, zeroed, _own_initializers(config))


def has_written_initialization(config: Config) -> bool:
    """Whether the config sets weights by an initialiser that does not look at the width of the layers."""
    written = [config.model.weight_init, *(w.layer.weight_init for w in written_layers(config))]
    return any(
        entry is not None and (not entry.type.startswith(SCALE_KEEPING) or "gain" in entry.arguments)
        for entry in written
    )


def _own_initializers(config: Config) -> Edits:
    kinds = WEIGHTED | {LayerKind.RECURRENT, LayerKind.ATTENTION}
    edits: list[Edits] = []
    for w in written_layers(config):
        if w.kind in kinds and w.layer.weight_init is not None and w.hidden:
            edits.append((remove(f"{w.layer.path}.weight_init"),))
        if w.kind in kinds and w.layer.bias_init is not None and w.layer.bias_init.type != "zeros_":
            edits.append((remove(f"{w.layer.path}.bias_init"),))
    return merge(*edits)
