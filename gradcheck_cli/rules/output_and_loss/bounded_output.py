"""GC503: an activation behind the last layer keeps the outputs away from where the targets want them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.description import LayerDescription, LayerKind, RunDescription
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.output import remove_output_layer
from gradcheck_cli.rules.output_and_loss.output_layer import find_output_layer
from gradcheck_cli.rules.output_and_loss.reach import EVERYTHING, Range, reach_of
from gradcheck_cli.rules.output_and_loss.redundant_softmax import SQUASHING, TAKES_LOGITS
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

LOGIT_LOSSES = frozenset({"CrossEntropyLoss", "BCEWithLogitsLoss", "SoftMarginLoss"})
NUMBER_LOSSES = frozenset({"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"})
ONE_HOT: Range = (0.0, 1.0)
RANGE = "range of the outputs"


@dataclass(frozen=True)
class BoundedOutput(Rule):
    """Bounded output.

    ## What it detects
    An output activation that cannot reach the targets, such as a sigmoid where the targets go up to 300, or one that
    caps the scores of a loss that expects any number, such as a ReLU in front of CrossEntropyLoss.

    ## Why it matters
    However long the network trains, its error on the targets out of reach stays. Where outputs sit at the bound there
    is no gradient either.

    ## How it decides
    From the config, and from the training targets where they are loaded. For losses that take logits every bound
    counts. For losses that compare numbers, the rule fires where the targets go beyond the bound by more than
    `min_overshoot` of their spread (corpus: healthy networks 0, broken ones 0.4 or more). What GC501 names is left to
    it, and a regression whose targets are not known is left alone.

    ## Fixes and their safety
    Remove the activation (unsafe: it changes what the network's output means).

    ## When to ignore it
    When predictions out of bounds must never be given and the targets beyond them are outliers.

    ## References
    Goodfellow, Bengio and Courville 2016, "Deep Learning", section 6.2.2, on output units.
    """

    code: ClassVar[str] = "GC503"
    name: ClassVar[str] = "bounded-output"
    summary: ClassVar[str] = "An activation behind the last layer cannot reach the targets, or caps the scores."
    family: ClassVar[Family] = Family.OUTPUT_AND_LOSS
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SEQUENCE, Need.LOSS})

    min_overshoot: float = threshold(
        0.05,
        unit="share of the spread",
        help="How far the targets go beyond what the output can reach, over their spread.",
        source="calibrated on the corpus",
    )

    def check(self, run: History) -> Iterator[Finding]:
        layer = find_output_layer(run.description)
        if layer is None or layer.kind not in (LayerKind.ACTIVATION, LayerKind.SOFTMAX):
            return
        reach, loss = reach_of(layer), run.description.loss.type
        if reach == EVERYTHING:
            return
        if loss in LOGIT_LOSSES and not is_named_elsewhere(layer, loss):
            yield self._capped(layer, reach, loss)
        targets = target_range(run.description) if loss in NUMBER_LOSSES else None
        if targets is not None and overshoot(targets, reach) > self.min_overshoot:
            yield self._out_of_reach(layer, reach, targets)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return remove_output_layer(config, finding)

    def _capped(self, layer: LayerDescription, reach: Range, loss: str) -> Finding:
        message = f"{layer.name} bounds the scores, and {loss} expects any number. They lie {describe_range(reach)}."
        why = "The network can be only so sure of a class. At the bound a score has little or no gradient."
        evidence = (Evidence(RANGE, describe_range(reach), "anywhere", "range"),)
        return self._finding(layer, message, why=why, evidence=evidence)

    def _out_of_reach(self, layer: LayerDescription, reach: Range, targets: Range) -> Finding:
        message = f"{layer.name} cannot give all values that the targets have."
        message += f" Its outputs lie {describe_range(reach)}, the targets {describe_range(targets)}."
        why = "The error on targets out of reach stays, however long the network trains."
        evidence = (
            Evidence(RANGE, describe_range(reach), describe_range(targets), "range"),
            Evidence("targets beyond it, over their spread", overshoot(targets, reach), self.min_overshoot, "ratio"),
        )
        return self._finding(layer, message, why=why, evidence=evidence)

    def _finding(self, layer: LayerDescription, message: str, *, why: str, evidence: tuple[Evidence, ...]) -> Finding:
        return Finding(
            rule=self.code,
            name=self.name,
            message=message,
            why=why,
            path=layer.path or "",
            layers=(layer.name,),
            evidence=evidence,
        )


def is_named_elsewhere(layer: LayerDescription, loss: str) -> bool:
    """Whether another rule says that this layer does what the loss does again."""
    return loss in TAKES_LOGITS and (
        layer.type in SQUASHING or (loss, layer.type) == ("CrossEntropyLoss", "LogSoftmax")
    )


def target_range(description: RunDescription) -> Range | None:
    """Smallest and largest target as the loss sees them; None where not known."""
    data = description.data
    return ONE_HOT if data.task == "classification" else data.target_range


def overshoot(targets: Range, reach: Range) -> float:
    """How far the targets go beyond what can be reached, over their spread; 1 where they know no bounds themselves."""
    beyond = max(reach[0] - targets[0], 0.0) + max(targets[1] - reach[1], 0.0)
    spread = targets[1] - targets[0]
    if not math.isfinite(spread):
        return 1.0 if beyond > 0 else 0.0
    return beyond / spread if spread > 0 else float(beyond > 0)


def describe_range(bounds: Range) -> str:
    """A range in words: `between 0 and 1`, `at 0 and above`."""
    low, high = (show_number(bound) for bound in bounds)
    if not math.isfinite(bounds[1]):
        return f"at {low} and above" if math.isfinite(bounds[0]) else "anywhere"
    return f"between {low} and {high}" if math.isfinite(bounds[0]) else f"at {high} and below"
