"""GC508: a bias that the normalisation behind it takes away again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.description import LayerDescription, LayerKind, RunDescription
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity
from gradcheck_cli.rules.fixes.normalization import drop_biases
from gradcheck_cli.rules.wording import join_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

MEAN_REMOVING = ("BatchNorm", "InstanceNorm")
"""Beginnings of types that subtract the mean of each channel."""


@dataclass(frozen=True)
class BiasBeforeNorm(Rule):
    """Bias before a normalisation.

    ## What it detects
    A linear or convolution layer with a bias, directly in front of a normalisation that subtracts each channel's mean.

    ## Why it matters
    The normalisation takes away what the bias adds. It costs memory and time and learns nothing, but harms nothing.

    ## How it decides
    From the config alone: BatchNorm, InstanceNorm, and GroupNorm with a group for each channel. LayerNorm subtracts the
    mean over the channels, which leaves a bias in place.

    ## Fixes and their safety
    `bias: false` (safe: the network computes the same).

    ## When to ignore it
    Whenever the layers are kept as they are for the sake of saved weights.

    ## References
    Ioffe and Szegedy 2015, "Batch normalization", arXiv:1502.03167, section 3.2.
    """

    code: ClassVar[str] = "GC508"
    name: ClassVar[str] = "bias-before-norm"
    summary: ClassVar[str] = "A bias that the normalisation behind it takes away again."
    family: ClassVar[Family] = Family.ACTIVATION
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SEQUENCE})

    def check(self, run: History) -> Iterator[Finding]:
        layers = [layer for layer, following in _pairs(run.description) if _is_removed(layer, following)]
        if not layers:
            return
        names = tuple(layer.name for layer in layers)
        verb = "has" if len(names) == 1 else "have"
        yield Finding(
            rule=self.code,
            name=self.name,
            message=f"{join_layers(names)} {verb} a bias that the normalisation behind takes away.",
            why="The bias costs memory and time and changes nothing.",
            path=layers[0].path or "",
            layers=names,
            evidence=(Evidence("layers whose bias has no effect", len(layers), 0, "layers"),),
            level=Severity.INFO,
            ceiling=Severity.INFO,
        )

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return drop_biases(config, finding.layers)


def _pairs(description: RunDescription) -> Iterator[tuple[LayerDescription, LayerDescription]]:
    """Each layer with the one that follows in the same sequence; Identity is looked through."""
    latest: dict[tuple[str | None, str], LayerDescription] = {}
    for layer in description.layers:
        if layer.type == "Identity":
            continue
        before = latest.get((layer.parent, layer.branch))
        if before is not None:
            yield before, layer
        latest[layer.parent, layer.branch] = layer


def _is_removed(layer: LayerDescription, following: LayerDescription) -> bool:
    has_bias = layer.arguments.get("bias", True)
    if not has_bias or not layer.trainable or not _adds_to_channels(layer):
        return False
    if following.type.startswith(MEAN_REMOVING):
        return True
    given = following.arguments
    return following.type == "GroupNorm" and given.get("num_groups") == given.get("num_channels", 0)


def _adds_to_channels(layer: LayerDescription) -> bool:
    """Behind a linear layer on sequences the channels of a batch normalisation are the time steps."""
    if layer.kind is LayerKind.CONVOLUTION:
        return True
    return layer.kind is LayerKind.AFFINE and (layer.output_shape is None or len(layer.output_shape) == 1)
