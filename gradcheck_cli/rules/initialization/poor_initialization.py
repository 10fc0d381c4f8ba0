"""GC203: weights that cannot learn, or that lose or blow up the signal, before the first step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.recording.history import History, RunStatus
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity, threshold
from gradcheck_cli.rules.fixes.signal_recipes import reinitialize
from gradcheck_cli.rules.initialization.weight_scale import (
    ScaledLayer,
    heavy_layers,
    is_all_alike,
    symmetric_layers,
    unbuffered_scales,
)
from gradcheck_cli.rules.wording import join_layers, show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class PoorInitialization(Rule):
    """Poor initialization.

    ## What it detects
    Initial weights whose units are all alike, weights so small or so large that the signal is lost or blown up on its
    way through the layers, and weights that make the first predictions confidently wrong.

    ## Why it matters
    Units that start alike get equal gradients and stay alike. A lost signal has no gradient, and one that is blown up
    throws the weights off at the first step.

    ## How it decides
    From the network as built, before the first step, in this order.
    Symmetry: a hidden layer that nothing bypasses, all of whose weights are equal from unit to unit. It is an error
    without further proof, unless the units of the trained network have come apart. Zero weights of the last layer or
    of a residual branch are common practice and left alone.
    Scale: the standard deviation of a layer's weights times the root of its number of inputs is the factor by which it
    scales the signal, with the number of outputs the gradient. Layers with both factors far from 1 on the same side
    count; it fires where together they lose or gain more than the limit. Layers before a normalisation, in a residual
    branch and the last one do not count, nor what the activations lose.
    First loss, for classification: above the limit times the trivial loss, with weights that are too large somewhere.

    ## Fixes and their safety
    Initialisation that matches the activation (safe). Normalisation after each layer (unsafe: it changes the function
    that the network computes).

    ## When to ignore it
    When the run ends well: small weights make for a slow start, not always for a failure.

    ## References
    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"; He et al. 2015,
    "Delving deep into rectifiers"; Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning".
    """

    code: ClassVar[str] = "GC203"
    name: ClassVar[str] = "poor-initialization"
    summary: ClassVar[str] = "The initial weights are all alike, or lose or blow up the signal."
    family: ClassVar[Family] = Family.INITIALIZATION
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SEQUENCE})
    aliases: ClassVar[tuple[str, ...]] = ("PoorWeightInitialization",)

    max_layer_gain: float = threshold(
        3.0,
        unit="ratio",
        help="factor by which one layer scales signal and gradient, or divides them, before it counts as far off",
        source="calibrated on the corpus: between 0.55 and 1.7 under usual initialisers",
    )
    max_gain: float = threshold(
        300.0,
        unit="ratio",
        help="product of the factors that are far off, upwards",
        source="calibrated on the corpus: 1 on runs that learn, 7,500 and more on those that fail by it",
    )
    min_gain: float = threshold(
        3e-5,
        unit="ratio",
        help="product of the factors that are far off, downwards",
        source="calibrated on the corpus: 9e-4 and more on runs that learn, at most 1.2e-6 on those that fail by it",
    )
    max_initial_loss: float = threshold(
        3.0, unit="ratio", help="first loss over the trivial loss, for classification", source="convention"
    )

    def check(self, run: History) -> Iterator[Finding]:
        finding = self._symmetry(run)
        # In lint the scale is left to init-activation-mismatch, which compares it with what the activation needs.
        if finding is None and run.status is not RunStatus.LINTED:
            finding = self._scale(run) or self._first_loss(run)
        if finding is not None:
            yield finding

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return reinitialize(config)

    def _symmetry(self, run: History) -> Finding | None:
        layers = symmetric_layers(run.description)
        if not layers:
            return None
        stuck = run.status is RunStatus.LINTED or any(is_all_alike(one, run.symmetric_at_end) for one in layers)
        names = tuple(layer.name for layer in layers)
        return self._finding(
            names,
            f"All units of {join_layers(names)} start with equal weights.",
            why="Equal units get equal gradients, so they stay equal and the layer is worth a single unit.",
            evidence=(Evidence("layers whose units start alike", len(layers), 0, "layers"),),
            level=Severity.ERROR if stuck else Severity.WARNING,
        )

    def _scale(self, run: History) -> Finding | None:
        far = [one for one in unbuffered_scales(run.description) if _distance(one.factor) > self.max_layer_gain]
        gain = math.exp(math.fsum(math.log(one.factor) for one in far))
        if self.min_gain <= gain <= self.max_gain:
            return None
        small = gain < 1
        concerned = [one for one in far if (one.factor < 1) is small]
        names = tuple(one.layer.name for one in concerned)
        worst = max(concerned, key=lambda one: _distance(one.factor))
        limit = self.min_gain if small else self.max_gain
        return self._finding(
            names,
            f"The initial weights of {join_layers(names)} are far too {'small' if small else 'large'}."
            f" Together they multiply the signal by {show_number(gain)} (limit {show_number(limit)}).",
            why="The signal is lost on its way to the output, and the gradient on its way back."
            if small
            else "Signal and gradient grow from layer to layer, so that the first steps throw the weights off.",
            evidence=(
                Evidence("scale of the signal over all such layers", gain, limit, "ratio"),
                Evidence(f"scale at {worst.layer.name}", worst.factor, _limit(worst, self.max_layer_gain), "ratio"),
            ),
        )

    def _first_loss(self, run: History) -> Finding | None:
        outcome = run.outcome
        if run.description.data.task != "classification" or outcome is None or not outcome.trivial_train_loss > 0:
            return None
        ratio = outcome.initial_slice_loss / outcome.trivial_train_loss
        layers: tuple[LayerDescription, ...] = heavy_layers(run.description, self.max_layer_gain)
        if not ratio > self.max_initial_loss or not layers:
            return None
        names = tuple(layer.name for layer in layers)
        return self._finding(
            names,
            f"The initial weights of {join_layers(names)} make the first predictions confidently wrong. The first loss"
            f" is {show_number(ratio)} times the trivial one (limit {show_number(self.max_initial_loss)}).",
            why="The first steps are spent on taking back what the initial weights claim, and may overshoot.",
            evidence=(Evidence("first loss over the trivial loss", ratio, self.max_initial_loss, "ratio"),),
        )

    def _finding(
        self,
        layers: tuple[str, ...],
        message: str,
        *,
        why: str,
        evidence: tuple[Evidence, ...],
        level: Severity = Severity.WARNING,
    ) -> Finding:
        return Finding(
            rule=self.code,
            name=self.name,
            message=message,
            why=why,
            layers=layers,
            evidence=evidence,
            level=level,
        )


def _distance(factor: float) -> float:
    """How far a factor is from 1, upwards or downwards."""
    return max(factor, 1 / factor)


def _limit(one: ScaledLayer, limit: float) -> float:
    return 1 / limit if one.factor < 1 else limit
