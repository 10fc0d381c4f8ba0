"""Suggestions that normalise what passes between layers, or what enters the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcheck_cli.config.agreement import task_of
from gradcheck_cli.config.schema import Task
from gradcheck_cli.config.sources import has_tokens
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.suggestion import Edits, advise, insert_at, set_to, suggest
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


def add_residual_paths() -> Fix:
    """Shortcuts around blocks of equal width; where they belong is for the author to say."""
    return advise(
        "Put residual paths around blocks of equal width (`type: Residual`)",
        reason="The gradient then has a way to the first layers that passes through no activation.",
    )


def _has_raw_targets(config: Config) -> bool:
    regression = task_of(config.data) is Task.REGRESSION
    return regression and config.loss.type in REGRESSION_LOSSES and not config.data.standardize_target
