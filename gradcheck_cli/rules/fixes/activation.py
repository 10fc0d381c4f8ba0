"""Suggestions that replace activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.initialization import matched_initialization
from gradcheck_cli.rules.fixes.learning_rate import tame_rate_edits
from gradcheck_cli.rules.fixes.suggestion import Edits, merge, set_to, suggest
from gradcheck_cli.rules.fixes.written import Written, written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config, LayerConfig

SATURATING = frozenset({"Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign", "LogSigmoid", "Tanhshrink"})
UNBOUNDED_FUNCTIONS = frozenset(
    {"cosh", "exp", "expm1", "log", "log1p", "reciprocal", "rsqrt", "sinh", "sqrt", "square", "tan"}
)
"""Elementwise functions that overflow, or are not defined everywhere."""
FLAT_FUNCTIONS = frozenset({"sign"})
"""Elementwise functions whose slope is 0 wherever it is defined."""

_REASONS = {
    "ReLU": "its slope is 1 wherever it is active, so it passes the gradient on unchanged",
    "LeakyReLU": "it passes some gradient on for negative inputs too, so no unit can die",
    "GELU": "it passes the gradient on where it is active and is smooth at 0",
    "SELU": "it keeps mean and variance from layer to layer by itself",
}


def replace_saturating(config: Config | None, by: str) -> Fix | None:
    """Every hidden saturating activation becomes `by`, with the initialisation and a learning rate that go with it.

    A rate that saturating layers bear, since they pass so little on, throws the others off.
    """
    rate = " and a usual learning rate" if config is not None and tame_rate_edits(config) else ""
    return suggest(
        config,
        f"Use {by} in place of the saturating activations, with weights drawn to match{rate}",
        safety=Safety.UNSAFE,
        reason=f"{by}: {_REASONS[by]}.",
        edits=lambda c: _with_company(c, swap_saturating(c, by), by),
    )


def replace_rectifiers(config: Config | None, by: str = "LeakyReLU") -> Fix | None:
    """Every hidden ReLU becomes `by`."""
    return suggest(
        config,
        f"Use {by} in place of ReLU",
        safety=Safety.UNSAFE,
        reason=f"{by}: {_REASONS[by]}.",
        edits=lambda c: tuple(_swap(w.layer, by) for w in written_layers(c) if w.hidden and w.layer.type == "ReLU"),
    )


def replace_unbounded(config: Config | None) -> Fix | None:
    """Every elementwise function that can overflow, or is undefined somewhere, becomes ReLU."""
    return suggest(
        config,
        "Use ReLU in place of functions that overflow or are not defined everywhere",
        safety=Safety.UNSAFE,
        reason="A single input outside the domain of such a function makes the whole network NaN or Inf.",
        edits=lambda c: tuple(_swap(w.layer, "ReLU") for w in written_layers(c) if _is_unbounded(w)),
    )


def replace_flat(config: Config | None, by: str = "Tanh") -> Fix | None:
    """Every elementwise function that is flat everywhere becomes `by`, the smooth one of its kind."""
    return suggest(
        config,
        f"Use {by} in place of functions that are flat everywhere",
        safety=Safety.UNSAFE,
        reason="A function without slope passes no gradient on, so nothing before it can learn.",
        edits=lambda c: tuple(_swap(w.layer, by) for w in written_layers(c) if _function(w) in FLAT_FUNCTIONS),
    )


def swap_saturating(config: Config, by: str) -> Edits:
    """The edits that replace hidden saturating activations."""
    return tuple(_swap(w.layer, by) for w in written_layers(config) if w.hidden and w.layer.type in SATURATING)


def _is_unbounded(written: Written) -> bool:
    return _function(written) in UNBOUNDED_FUNCTIONS


def _function(written: Written) -> str:
    """The function of an `Elementwise`; empty for other layers."""
    return str(written.layer.arguments.get("function", "")) if written.layer.type == "Elementwise" else ""


def _with_company(config: Config, swaps: Edits, activation: str) -> Edits:
    return merge(swaps, matched_initialization(config, activation), tame_rate_edits(config)) if swaps else ()


def _swap(layer: LayerConfig, by: str) -> Any:
    kept: dict[str, Any] = {"type": by}
    if layer.name is not None:
        kept["name"] = layer.name
    if layer.repeat > 1:
        kept["repeat"] = layer.repeat
    return set_to(layer.path, kept if len(kept) > 1 else by)


def main_activation(config: Config) -> str:
    """The most frequent hidden activation type; empty where there is none."""
    types = [w.layer.type for w in written_layers(config) if w.hidden and w.kind is LayerKind.ACTIVATION]
    return max(sorted(set(types)), key=types.count, default="")
