"""Suggestions that normalise what passes between layers, or what enters the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradcheck_cli.config.agreement import task_of
from gradcheck_cli.config.layers import expand
from gradcheck_cli.config.schema import Task
from gradcheck_cli.config.sources import has_tokens
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.suggestion import Edits, advise, collect, insert_at, remove, set_to, suggest
from gradcheck_cli.rules.fixes.written import WEIGHTED, Form, Written, after, kind_of, written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

MIN_BATCH = 8
"""Smallest batch whose statistics are worth normalising by."""
REGRESSION_LOSSES = frozenset({"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"})


def normalize_layers(config: Config | None) -> Fix | None:
    """A normalisation behind each hidden linear and convolution layer that has none."""
    return suggest(
        config,
        "Normalise behind each layer: BatchNorm, or LayerNorm where there are sequences",
        safety=Safety.UNSAFE,
        reason="Each layer then gets inputs of one scale, whatever the weights before it do.",
        edits=insert_normalizations,
    )


def insert_normalizations(config: Config) -> Edits:
    """One insertion behind each written place that takes one."""
    return tuple(
        insert_at(after(w.layer.path), normalization_for(w, config.trainer.batch_size))
        for w in written_layers(config)
        if w.hidden
        and w.kind in WEIGHTED
        and w.layer.repeat == 1
        and kind_of(w.follower) is not LayerKind.NORMALIZATION
    )


def normalization_for(written: Written, batch_size: int) -> Any:
    """The normalisation that fits the shape behind a layer: by batch, or by sample where batches are tiny."""
    if written.kind is LayerKind.CONVOLUTION:
        dimensions = written.layer.type[-2:]
        return f"BatchNorm{dimensions}" if batch_size >= MIN_BATCH else {"type": "GroupNorm", "num_groups": 1}
    return "BatchNorm1d" if written.form is Form.VECTOR and batch_size >= MIN_BATCH else "LayerNorm"


def normalize_by_row(config: Config | None) -> Fix | None:
    """Normalisations over each row in place of those over the batch."""
    return suggest(
        config,
        "Normalise over each row instead of the batch: LayerNorm, or GroupNorm for images",
        safety=Safety.UNSAFE,
        reason="Its statistics do not depend on how many rows a batch holds.",
        edits=lambda c: tuple(
            set_to(
                w.layer.path, "LayerNorm" if w.layer.type == "BatchNorm1d" else {"type": "GroupNorm", "num_groups": 1}
            )
            for w in written_layers(c)
            if w.layer.type.startswith("BatchNorm") and w.layer.name is None and w.layer.repeat == 1
        ),
    )


def drop_biases(config: Config | None, names: Sequence[str]) -> Sequence[Fix]:
    """No bias on the layers of these names.

    A written place that stands for other layers too keeps its bias.
    """
    title, reason = "Leave the bias out (`bias: false`)", "The network computes the same without it."
    edited = suggest(config, title, safety=Safety.SAFE, reason=reason, edits=lambda c: _bias_edits(c, names))
    return collect(edited or advise(title, reason=reason))


def _bias_edits(config: Config, names: Sequence[str]) -> Edits:
    layers = [layer for top in expand(config.model) for layer in top.walk()]
    kept = {layer.path for layer in layers if layer.name not in names}
    paths = dict.fromkeys(layer.path for layer in layers if layer.name in names and layer.path not in kept)
    written = {w.layer.path: w.layer for w in written_layers(config)}
    initialized = (remove(f"{path}.bias_init") for path in paths if written[path].bias_init is not None)
    return (*(set_to(f"{path}.bias", False) for path in paths), *initialized)


def standardize_inputs(config: Config | None) -> Fix | None:
    """Features of mean 0 and standard deviation 1."""
    return suggest(
        config,
        "Standardise the inputs",
        safety=Safety.UNSAFE,
        reason="Initial weights and learning rates are made for inputs of about unit size.",
        edits=lambda c: () if c.data.standardize or has_tokens(c.data) else (set_to("data.standardize", True),),
    )


def standardize_targets(config: Config | None) -> Fix | None:
    """Regression targets of mean 0 and standard deviation 1."""
    return suggest(
        config,
        "Standardise the targets",
        safety=Safety.UNSAFE,
        reason="The size of the gradient follows that of the targets; metrics stay in the original units.",
        edits=lambda c: (set_to("data.standardize_target", True),) if _has_raw_targets(c) else (),
    )


def _has_raw_targets(config: Config) -> bool:
    regression = task_of(config.data) is Task.REGRESSION
    return regression and config.loss.type in REGRESSION_LOSSES and not config.data.standardize_target
