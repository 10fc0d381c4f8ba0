"""GC502: the network has another number of outputs than its targets ask for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity
from gradcheck_cli.rules.fixes.output_width import set_width
from gradcheck_cli.rules.output_and_loss.output_layer import find_output_layer, find_width_layer, output_shape

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

ONE_SCORE_A_CLASS = frozenset({"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"})
"""Losses that take one score for each class; the others also take one output for two classes."""


@dataclass(frozen=True)
class WrongOutputWidth(Rule):
    """Wrong output width.

    ## What it detects
    A network whose number of outputs is not the number of classes, or not the number of values to predict.

    ## Why it matters
    A class without an output can never be predicted, and torch refuses the first batch that holds one. Outputs that no
    class uses only have to be learnt away.

    ## How it decides
    From the config, and from the data where they are loaded. Fewer outputs than classes, and another number of outputs
    than of target columns in a regression, are errors without further proof, since no such network can be trained. One
    output is right for two classes with losses that compare it with 0 or 1. More outputs than classes train all the
    same and are at most a warning. Where the number of classes is not known, the rule says nothing.

    ## Fixes and their safety
    Give the last linear or convolution layer the right width (unsafe: it changes the network's output).

    ## When to ignore it
    When spare outputs are kept for classes that later data will bring.

    ## References
    The PyTorch documentation of CrossEntropyLoss.
    """

    code: ClassVar[str] = "GC502"
    name: ClassVar[str] = "wrong-output-width"
    summary: ClassVar[str] = "The network has another number of outputs than its targets ask for."
    family: ClassVar[Family] = Family.OUTPUT_AND_LOSS
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SEQUENCE, Need.LOSS})

    def check(self, run: History) -> Iterator[Finding]:
        shape, data = output_shape(run.description), run.description.data
        if shape is None:
            return
        outputs = math.prod(shape)
        if data.task == "classification" and data.classes is not None:
            yield from self._for_classes(run.description, shape, data.classes)
        elif data.target_columns is not None and outputs != data.target_columns:
            message = "The network does not give one output for each value to predict."
            message += f" It gives {outputs}, the targets hold {data.target_columns} a row."
            yield self._finding(run.description, message, outputs=outputs, wanted=data.target_columns)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return set_width(config, finding.path, width=int(finding.evidence[0].limit or 1))

    def _for_classes(self, description: RunDescription, shape: tuple[int, ...], classes: int) -> Iterator[Finding]:
        outputs, loss = math.prod(shape), description.loss.type
        needs_scores = loss in ONE_SCORE_A_CLASS
        if needs_scores and len(shape) > 1:
            message = f"The network's output is no row of scores, which {loss} needs. Its shape is {list(shape)}."
            yield self._finding(description, message, outputs=outputs, wanted=classes)
        elif outputs == classes or (outputs == 1 and classes <= 2 and not needs_scores):
            return
        elif outputs < classes:
            message = f"The network has fewer outputs than there are classes. It has {outputs} for {classes} classes."
            yield self._finding(description, message, outputs=outputs, wanted=classes)
        else:
            message = f"The network has more outputs than there are classes. It has {outputs} for {classes} classes."
            yield self._finding(description, message, outputs=outputs, wanted=classes, highest=Severity.WARNING)

    def _finding(
        self,
        description: RunDescription,
        message: str,
        *,
        outputs: int,
        wanted: int,
        highest: Severity = Severity.ERROR,
    ) -> Finding:
        layer = find_width_layer(description) or find_output_layer(description)
        refused = "The loss cannot compare such outputs with the targets, and torch refuses to train."
        spare = "No target ever asks for the spare outputs. The network has to learn never to choose them."
        return Finding(
            rule=self.code,
            name=self.name,
            message=message,
            why=refused if highest is Severity.ERROR else spare,
            path=(layer.path or "") if layer is not None else "",
            layers=(layer.name,) if layer is not None else (),
            evidence=(Evidence("outputs", outputs, wanted, "outputs"),),
            level=highest,
            ceiling=highest,
        )
