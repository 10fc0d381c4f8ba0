"""GC505: the initial weights do not suit the activations that follow them, and over the layers that adds up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median, median_high, median_low
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity, threshold
from gradcheck_cli.rules.fixes.initialization import initialize_to_match
from gradcheck_cli.rules.fixes.recipes import strengthen_signal
from gradcheck_cli.rules.fixes.signal_recipes import desaturate, reinitialize
from gradcheck_cli.rules.fixes.suggestion import collect
from gradcheck_cli.rules.gradient_flow.vanishing_gradient import VanishingGradient
from gradcheck_cli.rules.initialization.signal_flow import Passage, find_stretches
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

Stretch = Sequence[Passage]

BOUNDED = frozenset({"Tanh", "Sigmoid", "Hardtanh", "Hardsigmoid", "Softsign"})
FADES = ("GC101", "GC105", "GC202", "GC204", "GC304", "GC305", "GC306", "GC402")
GROWS = ("GC102", "GC202", "GC204", "GC301", "GC302", "GC303", "GC304", "GC306", "GC402")
SATURATES = ("GC101", "GC102", "GC202", "GC204", "GC303", "GC304", "GC305", "GC306", "GC402")
SIGNAL, SPREAD, SELU_SCALE = "signal behind the layers", "spread of what enters the activations", "scale before SELU"


@dataclass(frozen=True)
class InitActivationMismatch(Rule):
    """Initialisation that does not match the activation.

    ## What it detects
    Initial weights under which each layer, together with the activation behind it, shrinks or stretches the signal, so
    that over many layers next to nothing or far too much arrives; deep stacks of saturating activations; saturating
    activations that start where they are flat; SELU without the initialisation it was made for.

    ## Why it matters
    Where the signal is lost on its way forward, no gradient finds its way back. Where it grows, the first step is huge.

    ## How it decides
    Before any training, by mean-field theory for inputs of unit variance: each layer scales a difference between two
    rows by the root of n Var(w) E[f'(z)^2]. The factor that the better half of the layers stays below (or above),
    to the power of their number, is compared with the limits, so that one odd layer does not count. A normalisation or
    a residual sum starts afresh. Limits: `min_signal` (corpus: networks that learn 8e-4 and more, broken ones 1.5e-4
    and less), `max_signal` (at most 4 against 1,400 and more), `max_spread` of what enters a saturating activation (at
    most 1.9 against 8 and more). SELU wants n Var(w) = 1; away from that by `max_selu_scale` it is at most a warning.
    In a trained run, a signal that was foretold to fade and did is left to vanishing-gradient, which measured it.

    ## Fixes and their safety
    Initialisation that matches the activation (safe). Other activations, normalisation (unsafe: another network).

    ## When to ignore it
    When the run ends well: small weights make for a slow start, not always for a failure.

    ## References
    Glorot and Bengio 2010; He et al. 2015, arXiv:1502.01852; Schoenholz et al. 2017, arXiv:1611.01232; Klambauer et
    al. 2017, arXiv:1706.02515.
    """

    code: ClassVar[str] = "GC505"
    name: ClassVar[str] = "init-activation-mismatch"
    summary: ClassVar[str] = "The initial weights do not suit the activations behind them."
    family: ClassVar[Family] = Family.INITIALIZATION
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SEQUENCE})

    min_signal: float = threshold(
        3e-4,
        unit="ratio",
        help="Differences between rows behind the layers, over those of the inputs: less is lost.",
        source="calibrated on the corpus",
    )
    max_signal: float = threshold(
        100.0,
        unit="ratio",
        help="Differences between rows behind the layers, over those of the inputs: more is too much.",
        source="calibrated on the corpus",
    )
    max_spread: float = threshold(
        4.0,
        unit="standard deviation",
        help="Spread of what enters a saturating activation from which on most of it is in the flat parts.",
        source="calibrated on the corpus",
    )
    max_selu_scale: float = threshold(
        1.3,
        unit="ratio",
        help="Root of n Var(w) before SELU, or its inverse.",
        source="Klambauer et al. 2017, arXiv:1706.02515",
    )

    def check(self, run: History) -> Iterator[Finding]:
        is_measured = any(VanishingGradient().check(run))
        for stretch in find_stretches(run.description):
            if len(stretch) > 1:
                yield from self._judge(stretch, is_measured=is_measured)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        evidence = finding.evidence[0]
        if evidence.name == SELU_SCALE:
            return collect(initialize_to_match(config, "SELU"))
        if evidence.name == SPREAD:
            return desaturate(config)
        return strengthen_signal(config) if evidence.limit == self.min_signal else reinitialize(config)

    def _judge(self, stretch: Stretch, *, is_measured: bool) -> Iterator[Finding]:
        gains, bounded = [passage.gain for passage in stretch], [p for p in stretch if p.activation.type in BOUNDED]
        least, most = median_high(gains) ** len(gains), median_low(gains) ** len(gains)
        if bounded and median_low(passage.spread for passage in bounded) > self.max_spread:
            yield self._saturates(bounded)
        elif least < self.min_signal and not is_measured:
            yield self._fades(stretch, least)
        elif most > self.max_signal:
            yield self._grows(stretch, most)
        else:
            yield from self._misfits_selu([p for p in stretch if p.activation.type == "SELU"])

    def _saturates(self, stretch: Stretch) -> Finding:
        spread = median(passage.spread for passage in stretch)
        kind = stretch[0].activation.type
        message = f"The weights are so large that {kind} starts where it is flat."
        message += f" What enters it has a standard deviation of {show_number(spread)}."
        why = "A flat activation passes no gradient on, and its output hardly depends on the input."
        return self._finding(
            stretch, message, why=why, evidence=Evidence(SPREAD, spread, self.max_spread, "std"), effects=SATURATES
        )

    def _fades(self, stretch: Stretch, signal: float) -> Finding:
        types = sorted({passage.activation.type for passage in stretch})
        message = f"The initial weights lose the signal on its way through layers with {' and '.join(types)}."
        message += f" {show_number(signal)} of a difference between rows is left behind {len(stretch)} of them."
        why = "Where the signal is lost, no gradient finds its way back, and the loss stays where it is."
        evidence = Evidence(SIGNAL, signal, self.min_signal, "ratio")
        return self._finding(stretch, message, why=why, evidence=evidence, effects=FADES)

    def _grows(self, stretch: Stretch, signal: float) -> Finding:
        message = f"The initial weights blow up the signal from {stretch[0].layer.name} on."
        message += f" It grows {show_number(signal)}-fold over {len(stretch)} layers."
        why = "Outputs and gradients begin far too large, so that the first steps throw the weights off."
        evidence = Evidence(SIGNAL, signal, self.max_signal, "ratio")
        return self._finding(stretch, message, why=why, evidence=evidence, effects=GROWS)

    def _misfits_selu(self, stretch: Stretch) -> Iterator[Finding]:
        if len(stretch) < 2:
            return
        scale = median(passage.weight_gain for passage in stretch)
        if max(scale, 1 / scale) <= self.max_selu_scale:
            return
        message = "SELU keeps mean and variance only under the initialisation it was made for."
        message += f" The weights scale a signal by {show_number(scale)} instead of 1."
        why = "Away from its fixed point SELU is an activation like any other and needs normalisation in deep networks."
        evidence = Evidence(SELU_SCALE, scale, self.max_selu_scale, "ratio")
        yield self._finding(stretch, message, why=why, evidence=evidence, ceiling=Severity.WARNING)

    def _finding(
        self,
        stretch: Stretch,
        message: str,
        *,
        why: str,
        evidence: Evidence,
        effects: tuple[str, ...] = (),
        ceiling: Severity = Severity.ERROR,
    ) -> Finding:
        return Finding(
            rule=self.code,
            name=self.name,
            message=message,
            why=why,
            path=stretch[0].layer.path or "",
            layers=tuple(passage.layer.name for passage in stretch),
            evidence=(evidence,),
            effects=effects,
            ceiling=ceiling,
        )
