"""Suggestions that change what a network is given: scales, missing cells, weights of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradcheck_cli.config.schema import Missing
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.normalization import MIN_BATCH, standardize_inputs
from gradcheck_cli.rules.fixes.suggestion import Edits, advise, collect, insert_at, remove, set_to, suggest
from gradcheck_cli.rules.fixes.written import Form, written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

CLASS_WEIGHTED = frozenset({"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"})
"""Losses that take one weight a class."""


def scale_inputs(config: Config | None) -> tuple[Fix, ...]:
    """Against features of large or very different scales."""
    return collect(
        standardize_inputs(config),
        suggest(
            config,
            "Begin with a batch normalisation",
            safety=Safety.UNSAFE,
            reason="It standardises by the batch what the data do not bring along.",
            edits=_first_normalization_edits,
        ),
    )


def scale_targets(config: Config | None) -> tuple[Fix, ...]:
    """Against large regression targets. That they are numbers has been seen; the config need not say so."""
    return collect(
        suggest(
            config,
            "Standardise the targets",
            safety=Safety.UNSAFE,
            reason="The size of the gradient follows that of the targets; metrics stay in the original units.",
            edits=lambda c: () if c.data.standardize_target else (set_to("data.standardize_target", True),),
        )
    )


def settle_missing(config: Config | None) -> tuple[Fix, ...]:
    """Against missing cells that the config does not say what to do with."""
    return collect(
        _treat_missing(
            config,
            Missing.MEAN,
            "Put the mean of its column in place of each missing cell",
            reason="All rows are kept; a row whose target is missing is left out.",
        ),
        _treat_missing(
            config,
            Missing.DROP,
            "Leave rows with missing cells out",
            reason="The rest of the rows is used as it is; it costs the values that those rows do have.",
        ),
        advise("Mend the cells in the file", reason="Only you can know what belongs there."),
    )


def balance_classes(config: Config | None, counts: Sequence[int]) -> tuple[Fix, ...]:
    """Against a class that holds most of the rows.

    Args:
        counts: Training rows of each class, in the order of the class indices.
    """
    return collect(
        suggest(
            config,
            "Weight the classes by how rare they are",
            safety=Safety.UNSAFE,
            reason="Each class then has the same say in the loss, however many rows it has.",
            edits=lambda c: _weight_edits(c, counts),
        ),
        advise(
            "Collect more rows of the rare classes, or judge the run by a cost of your own",
            reason="Weights balance the loss; what tells the rare classes apart must still be in the rows.",
        ),
    )


def split_anew(config: Config | None) -> Fix | None:
    """One file, split by us, in place of a second one that holds rows of the first."""
    return suggest(
        config,
        "Split the training file in place of reading the second one",
        safety=Safety.UNSAFE,
        reason="Rows of one file are parted so that none is on both sides.",
        edits=lambda c: (remove("data.val_path"),) if c.data.arguments.get("val_path") else (),
    )


def _treat_missing(config: Config | None, treatment: Missing, title: str, *, reason: str) -> Fix | None:
    return suggest(
        config,
        title,
        safety=Safety.UNSAFE,
        reason=reason,
        edits=lambda _: (set_to("data.missing", treatment.value),),
    )


def _first_normalization_edits(config: Config) -> Edits:
    first = next(iter(written_layers(config)), None)
    if first is None or first.kind is not LayerKind.AFFINE or first.form is not Form.VECTOR:
        return ()
    enough = config.trainer.batch_size >= MIN_BATCH
    return (insert_at("model.layers[0]", "BatchNorm1d"),) if enough else ()


def _weight_edits(config: Config, counts: Sequence[int]) -> Edits:
    loss = config.loss
    if not counts or min(counts) == 0 or {"weight", "pos_weight"} & set(loss.arguments):
        return ()
    if loss.type in CLASS_WEIGHTED:
        total = sum(counts)
        weights = [_round(total / (len(counts) * count)) for count in counts]
        return (set_to("loss", {"type": loss.type, **loss.arguments, "weight": weights}),)
    if loss.type == "BCEWithLogitsLoss" and len(counts) == 2:
        ratio = _round(counts[0] / counts[1])
        return (set_to("loss", {"type": loss.type, **loss.arguments, "pos_weight": [ratio]}),)
    return ()


def _round(weight: float) -> float:
    return float(f"{weight:.3g}")
