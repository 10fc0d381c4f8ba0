"""Suggestions for recurrent layers that forget, or whose gradient grows through time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.clipping import clip_gradients
from gradcheck_cli.rules.fixes.learning_rate import lower_rate_by, take_usual_rate
from gradcheck_cli.rules.fixes.suggestion import Edits, advise, collect, merge, remove, set_to, suggest
from gradcheck_cli.rules.fixes.written import written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config, LayerConfig

Fixes = tuple[Fix, ...]

ADAPTIVE = frozenset({"Adam", "AdamW", "NAdam", "RAdam", "Adamax"})
GATED_RATE = 1e-2
"""Rate of Adam at which small gated layers learn to remember within some hundreds of steps."""
ORTHOGONAL_RATE = 3e-3
"""The same for ungated layers with orthogonal weights, which bear less."""
USUAL_NORM = 1.0


def lengthen_memory(config: Config | None) -> Fixes:
    """Against layers that forget the beginning: gates first, as they learn what to keep."""
    return collect(
        use_gru(config),
        pace_steps(config),
        draw_orthogonal(config),
        restore_initialization(config),
        advise(
            "Let the forget gates start open: a bias of 1 for the second quarter of each LSTM bias",
            reason="The memory then lasts from the first step on, and the gate learns when to close.",
        ),
        advise(
            "Shorten the sequences, or put attention behind the recurrent layers",
            reason="A gradient that passes fewer time steps loses less.",
        ),
    )


def bound_recurrence(config: Config | None) -> Fixes:
    """Against a gradient that grows with each time step: gates first, then weights that keep the size of the state."""
    return collect(
        use_gru(config),
        draw_orthogonal(config),
        restore_initialization(config),
        clip_gradients(config),
        take_usual_rate(config),
        lower_rate_by(config),
    )


def use_gru(config: Config | None) -> Fix | None:
    """GRU for every RNN and LSTM, drawn as torch does, with steps that suit it."""
    return suggest(
        config,
        "Use GRU with torch's own initial weights, Adam and clipped gradients",
        safety=Safety.UNSAFE,
        reason="Its gates learn what to keep, so that the gradient passes many time steps without fading or growing.",
        edits=lambda c: _with_pace(c, merge(*(_gate(layer) for layer in _recurrent(c))), GATED_RATE),
    )


def draw_orthogonal(config: Config | None) -> Fix | None:
    """Orthogonal matrices in every recurrent layer, with steps that suit them."""
    return suggest(
        config,
        "Draw the recurrent weights by orthogonal initialisation, with Adam and clipped gradients",
        safety=Safety.SAFE,
        reason="An orthogonal matrix keeps the size of the state and of the gradient from time step to time step.",
        edits=lambda c: _with_pace(c, merge(*(_make_orthogonal(layer) for layer in _recurrent(c))), ORTHOGONAL_RATE),
    )


def restore_initialization(config: Config | None) -> Fix | None:
    """Torch's own initial weights and biases in every recurrent layer."""
    return suggest(
        config,
        "Leave the initial weights of the recurrent layers to torch",
        safety=Safety.SAFE,
        reason="They are drawn to the layer's width, and gates start half open.",
        edits=lambda c: merge(*(_drop_initializers(layer) for layer in _recurrent(c))),
    )


def pace_steps(config: Config | None) -> Fix | None:
    """Adam at a rate for gated layers, clipping, and torch's own initial weights."""
    return suggest(
        config,
        "Train the recurrent layers from torch's own initial weights, with Adam and clipped gradients",
        safety=Safety.SAFE,
        reason="It sizes the step of each weight by that weight's own gradients, however small they are.",
        edits=lambda c: (
            merge(*(_drop_initializers(layer) for layer in _recurrent(c)), _pace_edits(c, GATED_RATE))
            if any(_recurrent(c))
            else ()
        ),
    )


def _recurrent(config: Config) -> Iterator[LayerConfig]:
    return (written.layer for written in written_layers(config) if written.kind is LayerKind.RECURRENT)


def _gate(layer: LayerConfig) -> Edits:
    # GRU has no projection of its state.
    if layer.type == "GRU" or layer.arguments.get("proj_size"):
        return ()
    plain = (remove(f"{layer.path}.nonlinearity"),) if "nonlinearity" in layer.arguments else ()
    return (set_to(f"{layer.path}.type", "GRU"), *plain, *_drop_initializers(layer))


def _make_orthogonal(layer: LayerConfig) -> Edits:
    wanted = layer.weight_init is not None and layer.weight_init.type == "orthogonal_"
    if wanted and layer.weight_init is not None and not layer.weight_init.arguments:
        return ()
    biases = (remove(f"{layer.path}.bias_init"),) if layer.bias_init is not None else ()
    return (set_to(f"{layer.path}.weight_init", "orthogonal_"), *biases)


def _drop_initializers(layer: LayerConfig) -> Edits:
    weights = (remove(f"{layer.path}.weight_init"),) if layer.weight_init is not None else ()
    return (*weights, *((remove(f"{layer.path}.bias_init"),) if layer.bias_init is not None else ()))


def _with_pace(config: Config, edits: Edits, rate: float) -> Edits:
    return merge(edits, _pace_edits(config, rate)) if edits else ()


def _pace_edits(config: Config, rate: float) -> Edits:
    """Adam at `rate`, the rate of an optimizer like it where a schedule does not set it, and a clipped norm."""
    optimizer, trainer = config.optimizer, config.trainer
    steps: Edits = ()
    if optimizer.type not in ADAPTIVE:
        kept = {key: value for key, value in optimizer.arguments.items() if key == "weight_decay"}
        steps = (set_to("optimizer", {"type": "Adam", "lr": rate, **kept}),)
    elif config.lr_scheduler is None and float(optimizer.arguments["lr"]) != rate:
        steps = (set_to("optimizer.lr", rate),)
    if trainer.clip_grad_norm is not None or trainer.clip_grad_value is not None:
        return steps
    return (*steps, set_to("trainer.clip_grad_norm", USUAL_NORM))
