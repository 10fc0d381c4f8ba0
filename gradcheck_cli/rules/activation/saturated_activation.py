"""GC202: activations that work where they are flat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.recording.history import History, Quantity
from gradcheck_cli.rules.activation.behaviour import row_with_steps, saturates
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.signal_recipes import desaturate
from gradcheck_cli.rules.surroundings import is_hidden
from gradcheck_cli.rules.wording import join_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

MIN_JUDGED_STEPS = 3


@dataclass(frozen=True)
class _Saturation:
    """Saturation of one activation.

    Attributes:
        share: Of its elements, median over the judged steps.
        since: First sampled step at which the share lay above the limit.
    """

    layer: LayerDescription
    share: float
    since: int


@dataclass(frozen=True)
class SaturatedActivation(Rule):
    """Saturated activation.

    ## What it detects
    Hidden activations that level off (Tanh, Sigmoid and kin) and work where they are flat, for most units and rows,
    from early in the run on.

    ## Why it matters
    A flat activation passes no gradient on, and tells apart hardly any inputs.

    ## How it decides
    At each sampled step an element counts as saturated where the slope of the activation at its real input is below
    1 % of its largest slope. The slope is that of the activation alone, whatever the loss. It fires where the share of
    such elements lies above the limit at nearly all steps from a tenth of the planned ones on, and at the end. Units
    that saturate late, because the task is solved, and the output's own activation are left alone.

    ## Fixes and their safety
    Initialisation that matches the activation, a usual learning rate (safe). Standardised inputs, normalisation before
    the activation, ReLU in its place (unsafe: they change what the network computes or expects).

    ## When to ignore it
    When hidden units are meant to be binary.

    ## References
    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks"; Rakitianskaia
    and Engelbrecht 2015, "Measuring saturation in neural networks".
    """

    code: ClassVar[str] = "GC202"
    name: ClassVar[str] = "saturated-activation"
    summary: ClassVar[str] = "Activations work where they are flat."
    family: ClassVar[Family] = Family.ACTIVATION
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.STEPS, Need.SIGNALS})
    aliases: ClassVar[tuple[str, ...]] = ("SaturatedActivation", "TanhSaturation", "SigmoidSaturation")

    max_saturated: float = threshold(
        0.6,
        unit="fraction of a layer's elements",
        help="saturated elements at the judged steps",
        source="calibrated on the corpus: at most 0.39 at nine of ten steps when healthy, else 0.76 and more",
    )
    after: float = threshold(
        0.1, unit="fraction of the planned steps", help="where judging begins", source="convention"
    )
    persistence: float = threshold(
        0.9, unit="fraction of the judged steps", help="how many of them must lie above", source="convention"
    )

    def check(self, run: History) -> Iterator[Finding]:
        found = [one for layer in run.description.layers if (one := self._find(layer, run)) is not None]
        if not found:
            return
        worst, layers = max(found, key=lambda one: one.share), tuple(one.layer.name for one in found)
        yield Finding(
            rule=self.code,
            name=self.name,
            message=(
                f"{join_layers(layers)} {'works' if len(layers) == 1 else 'work'} where the activation is flat."
                f" {worst.share:.0%} of what enters {worst.layer.name} is saturated (limit {self.max_saturated:.0%})."
            ),
            why="A flat activation passes no gradient on, and tells apart hardly any inputs.",
            layers=layers,
            first_step=min(one.since for one in found),
            evidence=(Evidence("saturated elements, worst layer", worst.share, self.max_saturated, "fraction"),),
        )

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return desaturate(config)

    def _find(self, layer: LayerDescription, run: History) -> _Saturation | None:
        if not saturates(layer) or not is_hidden(layer, run.description):
            return None
        steps, shares = row_with_steps(run, Quantity.SATURATED_FRACTION, layer.name)
        judged = steps >= self.after * run.judged_length
        above = shares > self.max_saturated
        if judged.sum() < MIN_JUDGED_STEPS or above[judged].mean() < self.persistence or not above[-1]:
            return None
        return _Saturation(layer, float(np.median(shares[judged])), int(steps[above][0]))
