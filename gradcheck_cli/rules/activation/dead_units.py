"""GC201: units whose activation passes nothing on, whatever the input."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.description import LayerDescription, LayerKind
from gradcheck_cli.recording.history import History, Quantity
from gradcheck_cli.rules.activation.behaviour import is_flat, row_with_steps, saturates, signal_share
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity, threshold
from gradcheck_cli.rules.fixes.signal_recipes import revive_units
from gradcheck_cli.rules.surroundings import is_bypassed
from gradcheck_cli.rules.wording import join_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class _Death:
    """The dead units of one activation at the end of a run.

    Attributes:
        share: Of its units.
        since: Optimizer step from which on the share lay above the limit.
    """

    layer: LayerDescription
    share: float
    since: int


@dataclass(frozen=True)
class DeadUnits(Rule):
    """Dead units.

    ## What it detects
    Units (channels, over all positions) whose activation has slope 0 on every row, so that neither signal nor gradient
    passes them any more.

    ## Why it matters
    A dead unit gets no gradient and so stays dead. A layer of dead units cuts the network in two.

    ## How it decides
    At the end of each epoch, in evaluation mode, on a fixed slice of the training rows: a unit is dead whose slope is 0
    on every row at two successive ends. It fires where more than the limit of a layer's units is dead and stays so to
    the end. A layer dead as a whole, with no path around it, is an error without further proof. Ordinary sparsity, zero
    on most rows, is not death. Left alone: very narrow layers, saturating activations (see saturated-activation),
    functions that are flat by nature (see no-gradient), and layers which hardly any signal reaches, where each unit is
    on or off for all rows alike (see vanishing-gradient).

    ## Fixes and their safety
    Initialisation that matches the activation, with biases of 0, or a lower learning rate (safe). LeakyReLU in place of
    ReLU, normalisation, standardised inputs (unsafe: they change what the network computes or expects).

    ## When to ignore it
    When the network is far wider than the task needs and the metric is good.

    ## References
    Lu et al. 2019, "Dying ReLU and initialization"; Maas et al. 2013, "Rectifier nonlinearities improve neural network
    acoustic models".
    """

    code: ClassVar[str] = "GC201"
    name: ClassVar[str] = "dead-units"
    summary: ClassVar[str] = "Units whose activation passes nothing on, whatever the input."
    family: ClassVar[Family] = Family.ACTIVATION
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.SIGNALS})
    aliases: ClassVar[tuple[str, ...]] = ("DeadRelu", "DyingReLU", "PoorActivation")

    max_dead: float = threshold(
        0.5,
        unit="fraction of a layer's units",
        help="dead units at the end of the run",
        source="calibrated on the corpus: at most 0.38 on healthy runs, 0.66 and more where units die",
    )
    min_units: float = threshold(8, unit="units", help="narrowest layer of which a part is judged", source="convention")
    min_signal: float = threshold(
        0.05,
        unit="ratio",
        help="forward signal before the activation over that of the first layer, below which the layer is not judged",
        source="calibrated on the corpus: 0.009 and less where the signal is lost, 0.25 and more where units die",
    )

    def skip_reason(self, run: History) -> str:
        has_activations = any(layer.kind is LayerKind.ACTIVATION for layer in run.description.layers)
        signal = run.signals.get(Quantity.DEAD_FRACTION)
        seen = signal is not None and bool(signal.known.any())
        return "" if seen or not has_activations else "units were not watched twice"

    def check(self, run: History) -> Iterator[Finding]:
        dead = [death for layer in run.description.layers if (death := self._find(layer, run)) is not None]
        # Behind a layer that died no signal arrives: what died there counts only together with it.
        started = [death for death in dead if not signal_share(death.layer, run) < self.min_signal]
        if started:
            yield self._finding([death for death in dead if death in started or death.share == 1], run)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return revive_units(config)

    def _find(self, layer: LayerDescription, run: History) -> _Death | None:
        if layer.kind is not LayerKind.ACTIVATION or saturates(layer) or is_flat(layer, run):
            return None
        steps, shares = row_with_steps(run, Quantity.DEAD_FRACTION, layer.name)
        if not shares.size or not shares[-1] > self.max_dead:
            return None
        units = layer.output_shape[-1 if len(layer.output_shape) < 3 else 0] if layer.output_shape else math.inf
        if shares[-1] < 1 and units < self.min_units:
            return None
        below = np.flatnonzero(~(shares > self.max_dead))
        start = int(below[-1]) + 1 if below.size else 0
        # Dead at two evaluations: death began at the first of them, or before the first step.
        return _Death(layer, float(shares[-1]), int(steps[start - 1]) if start else 0)

    def _finding(self, deaths: Sequence[_Death], run: History) -> Finding:
        cut = [d for d in deaths if d.share == 1 and not is_bypassed(d.layer, run.description)]
        named = cut or deaths
        worst = max(named, key=lambda death: death.share)
        names = join_layers([death.layer.name for death in named])
        first = f"{'All' if cut else 'Most'} units of {names} are dead."
        detail = f" At the end of the run the slope was 0 on every row for {worst.share:.0%} of {worst.layer.name}"
        return Finding(
            rule=self.code,
            name=self.name,
            message=f"{first}{detail} (limit {self.max_dead:.0%}).",
            why="Nothing passes a dead unit, neither signal nor gradient, so it cannot come back by itself."
            if not cut
            else "Nothing passes the layer any more, neither signal nor gradient: what lies before it cannot learn.",
            layers=tuple(death.layer.name for death in deaths),
            first_step=min(death.since for death in deaths),
            evidence=(Evidence("dead units, worst layer", worst.share, self.max_dead, "fraction"),),
            level=Severity.ERROR if cut else Severity.WARNING,
        )
