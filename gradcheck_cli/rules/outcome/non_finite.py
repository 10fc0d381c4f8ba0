"""GC301: NaN or Inf in the loss, the gradients, the parameters or the activations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording import history
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity
from gradcheck_cli.rules.fixes.recipes import keep_finite
from gradcheck_cli.rules.wording import join_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

_NOUNS = {
    "loss": "The loss",
    "gradient": "The gradient",
    "parameter": "A weight",
    "activation": "The output",
}
MOST_ROWS = 8
_DATA = {"input": "inputs", "target": "targets"}
_NO_LAYERS = frozenset({*_DATA, "loss"})
_SPELLED = {"nan": "NaN", "inf": "Inf", "-inf": "-Inf"}
_PRODUCED = {
    ("", "forward"): "The output of {origin}",
    ("", "backward"): "The gradient that {origin} passes back",
    ("", "update"): "A weight of {origin}, by an update,",
    ("loss", "forward"): "The loss",
    ("loss", "backward"): "The gradient of the loss",
}


@dataclass(frozen=True)
class NonFinite(Rule):
    """Non-finite values.

    ## What it detects
    The first NaN or Inf of the run, what produced it, and whether the run ever came back from it.

    ## Why it matters
    One NaN reaches every weight with the next step. From there on the network computes nothing.

    ## How it decides
    Loss, gradients and parameters are tested at every step. The steps around the first fault are then taken again with
    every layer's inputs, outputs and gradients looked at: what is made first names its producer, the rest follows.
    What lasts to the end of the run is an error without further proof; what the run got over is a warning. A step that
    a gradient scaler left out (fp16) is ordinary.

    ## Fixes and their safety
    A lower learning rate, clipping of the gradient norm, initialisation that matches the activation (safe). An
    activation in place of a function that is not defined everywhere, standardised inputs or targets (unsafe).

    ## When to ignore it
    Never: nothing that follows a NaN is worth reading.

    ## References
    IEEE 754; Micikevicius et al. 2018, "Mixed precision training".
    """

    code: ClassVar[str] = "GC301"
    name: ClassVar[str] = "non-finite"
    summary: ClassVar[str] = "NaN or Inf appeared in the run."
    family: ClassVar[Family] = Family.OUTCOME
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING})
    aliases: ClassVar[tuple[str, ...]] = ("NaN", "Inf", "TensorNotFinite", "ExplodingTensor")

    def check(self, run: history.History) -> Iterator[Finding]:
        event = run.non_finite
        if event is None or _was_skipped(run, event):
            return
        ending = "It stayed so" if event.lasting else "The run got over it"
        is_layer = event.origin and event.origin not in _NO_LAYERS
        yield Finding(
            rule=self.code,
            name=self.name,
            message=f"{_describe(event)} {ending}; it was first seen at step {event.step}{_list_rows(event.rows)}.",
            why="One NaN reaches every weight with the next step. From there on the network computes nothing.",
            layers=(event.origin,) if is_layer else () if event.origin else event.layers,
            first_step=event.step,
            evidence=tuple(_list_evidence(event)),
            level=Severity.ERROR if event.lasting else Severity.WARNING,
        )

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return keep_finite(config, early=(finding.first_step or 0) == 0)


def _describe(event: history.NonFinite) -> str:
    """The first sentence, without a number, and what followed from it."""
    if not event.origin:
        place = f" of {join_layers(event.layers)}" if event.layers else ""
        return f"{_NOUNS.get(event.quantity, f'The {event.quantity}')}{place} became NaN or Inf."
    value = _SPELLED.get(event.value, event.value)
    if event.origin in _DATA:
        return f"The {_DATA[event.origin]} contain {value}; everything else that is not finite follows from that."
    template = _PRODUCED.get((event.origin if event.origin in _NO_LAYERS else "", event.direction), "{origin}")
    return f"{template.format(origin=event.origin)} became {value} first; everything after it follows from that."


def _list_rows(rows: tuple[int, ...]) -> str:
    """In which rows of the batch, where it belongs to any."""
    if not rows:
        return ""
    shown = ", ".join(str(row) for row in rows[:MOST_ROWS])
    more = " and others" if len(rows) > MOST_ROWS else ""
    return f", in row{'s' if len(rows) > 1 else ''} {shown}{more} of its batch"


def _list_evidence(event: history.NonFinite) -> Iterator[Evidence]:
    yield Evidence("first step that is not finite", event.step, None, "step")
    if event.origin:
        yield Evidence("produced by", event.origin)
        yield Evidence("part of the step", event.direction)
        yield Evidence("value", event.value)
    if event.rows:
        yield Evidence("rows of the batch", ", ".join(str(row) for row in event.rows))


def _was_skipped(run: history.History, event: history.NonFinite) -> bool:
    """Whether a gradient scaler left the step out and the run went on."""
    if event.lasting or run.steps is None or event.step >= len(run.steps.skipped):
        return False
    return bool(run.steps.skipped[event.step])
