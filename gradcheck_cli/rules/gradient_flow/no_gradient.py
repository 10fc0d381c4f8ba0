"""GC105: trainable weights that never got a gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.recording.history import History, Quantity
from gradcheck_cli.rules.activation.behaviour import is_flat
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.signal_recipes import restore_gradient
from gradcheck_cli.rules.wording import join_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

UNDERFLOW = 1e-10
"""Smallest over largest gradient of the other weights, below which a 0 is what is left of a gradient that fades."""


@dataclass(frozen=True)
class NoGradient(Rule):
    """No gradient.

    ## What it detects
    Weights that are meant to be trained and got no gradient at all, from the first step to the last.

    ## Why it matters
    They stay as they were initialised: what follows them learns from random features.

    ## How it decides
    The gradient of a weight tensor was exactly 0, or absent, at every recorded step. Frozen tensors, those without
    effect by construction, and tensors of one dimension are not asked. A layer that starts behind zeros and gets a
    gradient later has one. Where the gradient fades from layer to layer until nothing is left of it, the rule is
    silent, and vanishing-gradient is not.

    ## Fixes and their safety
    A smooth function in place of one that is flat everywhere (unsafe: it changes what the network computes).
    Initialisation that matches the activation (safe).

    ## When to ignore it
    When the weights are meant to stay as they are: freeze them with `trainable: false` instead.

    ## References
    Bengio, Leonard and Courville 2013, "Estimating or propagating gradients through stochastic neurons".
    """

    code: ClassVar[str] = "GC105"
    name: ClassVar[str] = "no-gradient"
    summary: ClassVar[str] = "Trainable weights never got a gradient."
    family: ClassVar[Family] = Family.GRADIENT_FLOW
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.STEPS})
    aliases: ClassVar[tuple[str, ...]] = ("UnchangedTensor", "AllZero", "NoGradient")

    min_steps: float = threshold(
        10, unit="optimizer steps", help="with a recorded gradient norm, before it is judged", source="convention"
    )

    def skip_reason(self, run: History) -> str:
        return "" if Quantity.GRADIENT_NORM in run.signals else "no gradient norms were recorded"

    def check(self, run: History) -> Iterator[Finding]:
        if run.steps is None or len(run.steps.loss) < self.min_steps:
            return
        largest = _largest_gradients(run)
        silent = [name for name, value in largest.items() if value == 0]
        felt = [value for value in largest.values() if value > 0]
        if not silent or (felt and min(felt) < UNDERFLOW * max(felt)):
            return
        owners = {parameter.name: parameter.layer for parameter in run.description.parameters}
        layers = tuple(dict.fromkeys(owners[name] for name in silent))
        flat = [one for one in run.description.layers if one.kind is LayerKind.ACTIVATION and is_flat(one, run)]
        names = join_layers([one.name for one in flat])
        verb = "passes none on, being" if len(flat) == 1 else "pass none on, being"
        cause = f" {names} {verb} flat everywhere." if flat else ""
        yield Finding(
            rule=self.code,
            name=self.name,
            message=f"The weights of {join_layers(layers)} never got a gradient.{cause}",
            why="They stay as they were initialised. What follows them learns from random features.",
            path=(flat[-1].path or "") if flat else "",
            layers=layers,
            first_step=0,
            evidence=(Evidence("largest gradient norm of these weights", 0.0, 0.0, "norm"),),
        )

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return restore_gradient(config)


def _largest_gradients(run: History) -> dict[str, float]:
    """The largest gradient norm of each trainable weight over the run; 0 where it never had one, NaN left out."""
    signal, largest = run.signals[Quantity.GRADIENT_NORM], {}
    for parameter in run.description.parameters:
        asked = parameter.trainable and not parameter.no_effect and parameter.alias_of is None
        if asked and len(parameter.shape) > 1 and parameter.name in signal.rows:
            values = signal.row(parameter.name)
            if not np.isnan(values).any():
                largest[parameter.name] = float(values.max(initial=0.0))
    return largest
