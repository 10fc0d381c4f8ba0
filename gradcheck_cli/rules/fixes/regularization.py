"""Suggestions against learning by heart, and, where they go too far, for less of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.suggestion import Edits, advise, insert_at, remove, set_to, suggest
from gradcheck_cli.rules.fixes.written import WEIGHTED, after, kind_of, written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

DECAYS = {"AdamW": 0.1}
USUAL_DECAY = 1e-2
USUAL_L1 = 1e-3
USUAL_DROPOUT = 0.5
LARGE_DROPOUT = 0.5
LARGE_DECAY = 1e-2
MIN_PATIENCE = 3
MIN_WIDTH = 8


def stop_early(config: Config | None) -> Fix | None:
    """Early stopping on the validation loss that restores the best epoch."""
    return suggest(
        config,
        "Stop early and restore the best epoch",
        safety=Safety.SAFE,
        reason="The network of the best epoch is the one to keep; what comes after only learns rows by heart.",
        edits=_early_stopping_edits,
    )


def decay_weights(config: Config | None) -> Fix | None:
    """Weight decay (L2), or ten times as much of it."""
    return suggest(
        config,
        "Add weight decay (L2)",
        safety=Safety.SAFE,
        reason="Small weights make smooth functions, which cannot follow single rows.",
        edits=lambda c: (
            set_to("optimizer.weight_decay", _more(_decay(c), DECAYS.get(c.optimizer.type, USUAL_DECAY))),
        ),
    )


def penalize_l1(config: Config | None) -> Fix | None:
    """An L1 penalty, or ten times as much of it."""
    return suggest(
        config,
        "Add an L1 penalty on the weights",
        safety=Safety.SAFE,
        reason="It takes weights that matter little to 0, so that fewer of them can learn rows by heart.",
        edits=lambda c: (set_to("trainer.l1_penalty", _more(c.trainer.l1_penalty, USUAL_L1)),),
    )


def drop_units(config: Config | None) -> Fix | None:
    """Dropout behind each hidden activation, or in front of the last layer, of a config that has none."""
    return suggest(
        config,
        "Add dropout",
        safety=Safety.UNSAFE,
        reason="No unit can then rely on a few others to remember a row.",
        edits=_dropout_edits,
    )


def narrow_layers(config: Config | None) -> Fix | None:
    """A quarter of the width in hidden linear layers that no residual sum ties together."""
    return suggest(
        config,
        "Make the hidden layers narrower",
        safety=Safety.UNSAFE,
        reason="A network with fewer weights than it needs to store the rows has to find what they share.",
        edits=lambda c: _width_edits(c, 0.25),
    )


def widen_bottlenecks(config: Config | None) -> Fix | None:
    """Hidden linear layers far narrower than the layer before them get its width."""
    return suggest(
        config,
        "Widen the narrow hidden layers",
        safety=Safety.UNSAFE,
        reason="What a layer of few units cannot hold is lost for all that follow.",
        edits=_bottleneck_edits,
    )


def widen_layers(config: Config | None) -> Fix | None:
    """Four times the width in hidden linear layers."""
    return suggest(
        config,
        "Make the hidden layers wider",
        safety=Safety.UNSAFE,
        reason="The network has too few units for what the data hold.",
        edits=lambda c: _width_edits(c, 4.0),
    )


def add_hidden_layer(config: Config | None) -> Fix | None:
    """A hidden layer with ReLU for a model that has none."""
    return suggest(
        config,
        "Add a hidden layer",
        safety=Safety.UNSAFE,
        reason="A linear model can only draw straight borders.",
        edits=_hidden_layer_edits,
    )


def relax_decay(config: Config | None) -> Fix | None:
    """Less weight decay where it is large."""
    return suggest(
        config,
        "Take less weight decay",
        safety=Safety.SAFE,
        reason="The decay pulls every weight back to 0 faster than the data can hold it.",
        edits=lambda c: (set_to("optimizer.weight_decay", 1e-4),) if _decay(c) >= LARGE_DECAY else (),
    )


def relax_l1(config: Config | None) -> Fix | None:
    """No L1 penalty."""
    return suggest(
        config,
        "Take the L1 penalty away",
        safety=Safety.SAFE,
        reason="It takes weights to 0 that the network needs.",
        edits=lambda c: (remove("trainer.l1_penalty"),) if c.trainer.l1_penalty > 0 else (),
    )


def relax_dropout(config: Config | None) -> Fix | None:
    """Less dropout where more than half of the units is dropped."""
    return suggest(
        config,
        "Drop fewer units",
        safety=Safety.UNSAFE,
        reason="So few units are left in each step that the layers behind them see little but noise.",
        edits=lambda c: tuple(
            set_to(f"{w.layer.path}.p", 0.2)
            for w in written_layers(c)
            if w.kind is LayerKind.DROPOUT and w.layer.arguments.get("p", 0.5) > LARGE_DROPOUT
        ),
    )


def collect_data() -> Fix:
    """More rows."""
    return advise("Collect more data, or clean the labels", reason="Nothing else adds to what can be learnt.")


def _early_stopping_edits(config: Config) -> Edits:
    stopping = config.trainer.early_stopping
    if stopping is not None:
        return () if stopping.restore_best else (set_to("trainer.early_stopping.restore_best", True),)
    patience = max(MIN_PATIENCE, (config.trainer.epochs or 0) // 10)
    return (set_to("trainer.early_stopping", {"patience": patience, "restore_best": True}),)


def _decay(config: Config) -> float:
    return float(config.optimizer.arguments.get("weight_decay", 0.0) or 0.0)


def _more(value: float, usual: float) -> float:
    return float(f"{max(usual, value * 10):.2g}")


def _dropout_edits(config: Config) -> Edits:
    written = written_layers(config)
    if any(w.kind is LayerKind.DROPOUT for w in written):
        return ()
    dropout: dict[str, Any] = {"type": "Dropout", "p": USUAL_DROPOUT}
    places = [w for w in written if w.hidden and w.kind is LayerKind.ACTIVATION and not w.inside]
    behind = tuple(insert_at(after(w.layer.path), dropout) for w in places if w.layer.repeat == 1)
    weighted = [w for w in written if w.kind in WEIGHTED and not w.inside]
    # A recurrent network without hidden activations: in front of its last layer.
    return behind or tuple(insert_at(w.layer.path, dropout) for w in weighted[-1:] if w is not written[0])


def _width_edits(config: Config, factor: float) -> Edits:
    written = written_layers(config)
    if any(w.inside or kind_of(w.layer.type) is LayerKind.ATTENTION for w in written):
        return ()
    edits = []
    for w in written:
        width = w.layer.arguments.get("out_features") if w.kind is LayerKind.AFFINE and w.hidden else None
        if isinstance(width, int) and max(MIN_WIDTH, round(width * factor)) != width:
            edits.append(set_to(f"{w.layer.path}.out_features", max(MIN_WIDTH, round(width * factor))))
    return tuple(edits)


def _bottleneck_edits(config: Config) -> Edits:
    edits, before = [], 0
    for w in written_layers(config):
        width = w.layer.arguments.get("out_features") if w.kind is LayerKind.AFFINE else None
        if not isinstance(width, int):
            continue
        if w.hidden and not w.inside and width * 8 <= before:
            edits.append(set_to(f"{w.layer.path}.out_features", before))
        before = max(before, width)
    return tuple(edits)


def _hidden_layer_edits(config: Config) -> Edits:
    written = written_layers(config)
    weighted = [w for w in written if w.kind is LayerKind.AFFINE]
    if len(weighted) != 1 or any(w.kind is LayerKind.ACTIVATION for w in written):
        return ()
    place = weighted[0].layer.path
    return (insert_at(place, {"type": "Linear", "out_features": 64}), insert_at(place, "ReLU"))
