"""GC501: the output activation and the loss apply the same function twice, or one of them is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.description import LayerDescription, LayerKind
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity
from gradcheck_cli.rules.fixes.output import match_loss
from gradcheck_cli.rules.output_and_loss.output_layer import find_output_layer, softmax_width

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

SQUASHING = frozenset({"Softmax", "Softmax2d", "Softmin", "Sigmoid", "Hardsigmoid", "LogSigmoid"})
NORMALISED = frozenset({"Softmax", "LogSoftmax", "Softmin"})
PROBABILITIES = frozenset({"Sigmoid", "Hardsigmoid", "Softmax", "Softmax2d", "Softmin"})
TAKES_LOGITS = {"CrossEntropyLoss": "log-softmax", "BCEWithLogitsLoss": "sigmoid"}
UNREADABLE = frozenset({LayerKind.CONCAT, LayerKind.OTHER})


@dataclass(frozen=True)
class RedundantSoftmax(Rule):
    """Redundant softmax.

    ## What it detects
    An output layer that does not fit its loss: a softmax or sigmoid in front of a loss that applies its own, a softmax
    over a single unit, or no log-softmax or sigmoid in front of a loss that needs one.

    ## Why it matters
    Twice squashed, the outputs can no longer come near their targets, and the gradient is a fraction of what it should
    be. A softmax over one unit is always 1 and passes no gradient at all.

    ## How it decides
    From the config alone. Softmax or sigmoid before CrossEntropyLoss or BCEWithLogitsLoss; Softmax or LogSoftmax over
    one unit (an error without further proof); NLLLoss without LogSoftmax; BCELoss without probabilities. LogSoftmax
    before CrossEntropyLoss changes nothing and is worth a note.

    ## Fixes and their safety
    Remove the layer, or take the loss that expects it (unsafe: they change what the network's output means).

    ## When to ignore it
    When the squashed outputs are wanted as a regulariser; a label smoothing says so more plainly.

    ## References
    The PyTorch documentation of CrossEntropyLoss, BCEWithLogitsLoss and NLLLoss.
    """

    code: ClassVar[str] = "GC501"
    name: ClassVar[str] = "redundant-softmax"
    summary: ClassVar[str] = "The output layer and the loss apply the same function twice, or one of them is missing."
    family: ClassVar[Family] = Family.OUTPUT_AND_LOSS
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SEQUENCE, Need.LOSS})

    def check(self, run: History) -> Iterator[Finding]:
        layer = find_output_layer(run.description)
        if layer is None:
            return
        loss = run.description.loss.type
        if layer.type in NORMALISED and softmax_width(layer, run.description) == 1:
            yield self._over_one_unit(layer)
        elif loss in TAKES_LOGITS and layer.type in SQUASHING:
            yield self._twice(layer, loss)
        elif loss == "CrossEntropyLoss" and layer.type == "LogSoftmax":
            yield self._harmless(layer)
        elif layer.kind not in UNREADABLE:
            yield from self._missing(layer, loss)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return match_loss(config, finding)

    def _missing(self, layer: LayerDescription, loss: str) -> Iterator[Finding]:
        if loss == "NLLLoss" and layer.type != "LogSoftmax":
            message = f"{loss} needs log-probabilities, and {layer.name} does not give them."
            why = "Without LogSoftmax the loss can fall without bound while the predictions get no better."
            yield self._finding(layer, message, why=why, expected="LogSoftmax")
        elif loss == "BCELoss" and layer.type not in PROBABILITIES:
            message = f"{loss} needs probabilities, and {layer.name} does not give them."
            why = "Outputs outside 0 to 1 are refused by the loss or end in NaN."
            yield self._finding(layer, message, why=why, expected="Sigmoid")

    def _over_one_unit(self, layer: LayerDescription) -> Finding:
        value = "0" if layer.type == "LogSoftmax" else "1"
        message = f"{layer.name} normalises over a single unit. Its output is {value} whatever the input is."
        why = "A constant output has no gradient, so nothing in the network can learn."
        return self._finding(layer, message, why=why, expected="none over one unit", level=Severity.ERROR)

    def _twice(self, layer: LayerDescription, loss: str) -> Finding:
        message = f"{layer.name} squashes outputs that {loss} expects raw: it applies its own {TAKES_LOGITS[loss]}."
        why = "Squashed twice, the outputs cannot come near their targets. Most of the gradient is lost."
        return self._finding(layer, message, why=why, expected=f"none before {loss}")

    def _harmless(self, layer: LayerDescription) -> Finding:
        message = f"{layer.name} is not needed: CrossEntropyLoss applies its own log-softmax."
        why = "The log-softmax of a log-softmax is the same again, so it changes nothing but the time it takes."
        return self._finding(
            layer, message, why=why, expected="none before CrossEntropyLoss", level=Severity.INFO, ceiling=Severity.INFO
        )

    def _finding(
        self,
        layer: LayerDescription,
        message: str,
        *,
        why: str,
        expected: str,
        level: Severity = Severity.WARNING,
        ceiling: Severity = Severity.ERROR,
    ) -> Finding:
        return Finding(
            rule=self.code,
            name=self.name,
            message=message,
            why=why,
            path=layer.path or "",
            layers=(layer.name,),
            evidence=(Evidence("output layer", layer.type, expected, "layer"),),
            level=level,
            ceiling=ceiling,
        )
