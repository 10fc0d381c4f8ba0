"""GC102: gradients or steps grow beyond all bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Family, Finding, Fix, Need, Rule, Severity, threshold
from gradcheck_cli.rules.fixes.recipes import calm_explosion
from gradcheck_cli.rules.gradient_flow.explosion import Explosion, find_at_start, find_large_updates, find_spike
from gradcheck_cli.rules.gradient_flow.profile import read_profile
from gradcheck_cli.rules.wording import join_layers, show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class ExplodingGradient(Rule):
    """Exploding gradient.

    ## What it detects
    Gradients that grow through depth from the first step on, steps that overturn the weights, and sudden leaps of the
    gradient norm from which the run does not recover.

    ## Why it matters
    One such step can throw the weights to where nothing can be learnt any more, or end in NaN.

    ## How it decides
    In this order. At the first steps, together with a loss far above the trivial one: the backward signal of the first
    layer over that of the last, or the sensitivity of a layer over the trivial loss, above its limit. Later in the run:
    updates larger than the weights they change, at several sampled steps. Anywhere: a gradient norm far above the
    run's own median with a worse loss afterwards. All but the first are judged after clipping; what clipping contained
    is worth a note only. Large first losses that come down without such a signal are left alone.

    ## Fixes and their safety
    Initialisation that matches the activation, a lower learning rate, clipping of the gradient norm (safe).
    Normalisation after each layer, standardised inputs or targets (unsafe: they change what the network computes or
    expects).

    ## When to ignore it
    When the run is known to recover and the first steps do not matter.

    ## References
    Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural
    networks"; Glorot and Bengio 2010.
    """

    code: ClassVar[str] = "GC102"
    name: ClassVar[str] = "exploding-gradient"
    summary: ClassVar[str] = "Gradients or steps grow beyond all bounds."
    family: ClassVar[Family] = Family.GRADIENT_FLOW
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.STEPS})
    aliases: ClassVar[tuple[str, ...]] = ("ExplodingTensor", "ExplodingGradient")

    max_growth: float = threshold(
        1e3,
        unit="ratio",
        help="backward signal of the first layer over the last, or sensitivity over the trivial loss, at the start",
        source="calibrated on the corpus: at most 37 in healthy runs, 6.4e3 and more where the start explodes",
    )
    max_initial_loss: float = threshold(
        30.0,
        unit="ratio",
        help="loss of the first steps over the trivial loss",
        source="calibrated on the corpus: at most 9.6 in healthy runs, 200 and more where the start explodes",
    )
    max_update: float = threshold(
        1.0,
        unit="ratio",
        help="size of one update over the size of the weight",
        source="calibrated on the corpus: the third largest late update of healthy runs is at most 0.06",
    )
    update_steps: float = threshold(3, unit="sampled steps", help="how many such updates it takes", source="convention")
    after: float = threshold(
        0.1, unit="fraction of the planned steps", help="where updates begin to count", source="convention"
    )
    max_spike: float = threshold(
        100.0,
        unit="ratio",
        help="gradient norm over its median",
        source="convention; solved runs reach 900, but without a worse loss",
    )

    def check(self, run: History) -> Iterator[Finding]:
        explosion = self._find(run, clipped=True)
        if explosion is not None:
            contained = explosion.clipped and self._recovered(run)
            yield self._finding(explosion, contained=contained)
            return
        explosion = find_spike(run, limit=self.max_spike, clipped=False)
        if explosion is not None and explosion.clipped:
            yield self._finding(explosion, contained=True)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return calm_explosion(config, from_the_start=finding.evidence[0].name.startswith("sensitivity"))

    def _find(self, run: History, *, clipped: bool) -> Explosion | None:
        return (
            find_at_start(run, read_profile(run), limit=self.max_growth, loss_limit=self.max_initial_loss)
            or find_large_updates(run, limit=self.max_update, count=round(self.update_steps), after=self.after)
            or find_spike(run, limit=self.max_spike, clipped=clipped)
        )

    @staticmethod
    def _recovered(run: History) -> bool:
        return run.outcome is not None and run.outcome.final_slice_loss < run.outcome.trivial_train_loss

    def _finding(self, explosion: Explosion, *, contained: bool) -> Finding:
        main = explosion.evidence[0]
        first = explosion.sentence.format(layers=join_layers(explosion.layers))
        held = " Clipping contained it." if contained else ""
        return Finding(
            rule=self.code,
            name=self.name,
            message=f"{first} {main.name[0].upper()}{main.name[1:]}: {show_number(float(main.value))}"
            f" (limit {show_number(float(main.limit or 0))}), at step {explosion.step}.{held}",
            why="One such step can throw the weights to where nothing can be learnt any more.",
            layers=explosion.layers,
            first_step=explosion.step,
            evidence=(main, *(entry for entry in explosion.evidence if entry is not main)),
            level=Severity.INFO if contained else Severity.WARNING,
            ceiling=Severity.INFO if contained else Severity.ERROR,
        )
