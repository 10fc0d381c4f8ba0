"""GC101: the gradient fades out on its way to the first layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import Bools, Floats, History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.recipes import strengthen_signal
from gradcheck_cli.rules.gradient_flow.profile import FlowProfile, read_profile
from gradcheck_cli.rules.wording import join_layers, show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

MIN_JUDGED_STEPS = 3


@dataclass(frozen=True)
class VanishingGradient(Rule):
    """Vanishing gradient.

    ## What it detects
    A gradient that fades out before it reaches the first layers, or a network through which no signal passes at all.

    ## Why it matters
    Layers without gradient stay as they were initialised. The layers behind them then learn from noise, or not at all.

    ## How it decides
    Two ratios that do not depend on width, batch size or the scale of the loss, at each sampled step from a tenth of
    the planned steps on: the backward signal at the first layer over that at the last, and the smallest sensitivity
    of any layer (variation of its output over the batch times the gradient there) over the loss. It fires where one
    of them stays below its limit for nearly all of those steps and at the end. Signals are read behind normalisations
    and at residual sums. A run that starts slowly and then learns recovers, and is left alone; so is a network that
    has solved its task, as its loss is then as small as its gradients. In a module of one's own any layer may be a
    side branch: there the strongest of the first third of the layers is compared with the last, and the sensitivity is
    that of the last. Where the trivial loss is not known, that of the first steps stands for it.

    ## Fixes and their safety
    Initialisation that matches the activation (safe). ReLU or a relative in place of a saturating activation, and
    normalisation after each layer (unsafe: they change the function that the network computes). Residual paths
    (advice).

    ## When to ignore it
    When first layers are meant to stay as they are: freeze them with `trainable: false` instead.

    ## References
    Hochreiter 1991; Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks"; He et al. 2015, "Delving deep into rectifiers".
    """

    code: ClassVar[str] = "GC101"
    name: ClassVar[str] = "vanishing-gradient"
    summary: ClassVar[str] = "The gradient fades out before it reaches the first layers."
    family: ClassVar[Family] = Family.GRADIENT_FLOW
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.STEPS, Need.SIGNALS})
    aliases: ClassVar[tuple[str, ...]] = ("VanishingGradient",)

    min_ratio: float = threshold(
        3e-3,
        unit="ratio",
        help="backward signal of the first layer over that of the last",
        source="calibrated on the corpus: vanishing runs stay below 2.5e-4, healthy ones come above 0.28",
    )
    min_sensitivity: float = threshold(
        3e-3,
        unit="ratio",
        help="smallest sensitivity of any layer over the loss",
        source="calibrated on the corpus: vanishing runs stay below 4.8e-4, healthy ones come above 1.5",
    )
    after: float = threshold(
        0.1, unit="fraction of the planned steps", help="where judging begins", source="convention"
    )
    persistence: float = threshold(
        0.9, unit="fraction of the judged steps", help="how many of them must lie below", source="convention"
    )

    def check(self, run: History) -> Iterator[Finding]:
        profile = read_profile(run)
        if profile is None:
            return
        judged = profile.steps >= self.after * run.judged_length
        fading = profile.first_over_last < self.min_ratio
        silent = profile.weakest_sensitivity < self.min_sensitivity
        if self._lasts(fading, profile.first_over_last, judged):
            yield self._fading(profile, judged, fading)
        elif self._lasts(silent, profile.weakest_sensitivity, judged):
            yield self._silent(profile, judged, silent)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return strengthen_signal(config)

    def _lasts(self, below: Bools, values: Floats, judged: Bools) -> bool:
        known = below[judged & ~np.isnan(values)]
        return bool(len(known) >= MIN_JUDGED_STEPS and known.mean() >= self.persistence and known[-1])

    def _fading(self, profile: FlowProfile, judged: Bools, below: Bools) -> Finding:
        ratios = np.nanmedian(profile.backward[:, judged] / _positive(profile.backward[-1, judged]), axis=1)
        layers = tuple(p.layer for p, ratio in zip(profile.points, ratios, strict=True) if ratio < self.min_ratio)
        ratio, last = float(np.nanmedian(profile.first_over_last[judged])), profile.points[-1].layer
        return self._finding(
            profile,
            layers or (profile.points[0].layer,),
            below,
            message=(
                f"The gradient fades out before it reaches {join_layers(layers)}. {profile.points[0].layer} gets"
                f" {show_number(ratio)} of the signal that {last} gets (limit {show_number(self.min_ratio)})."
            ),
            why="Layers without gradient stay as they were initialised. What follows them learns from noise.",
            evidence=Evidence("backward signal, first over last layer", ratio, self.min_ratio, "ratio"),
        )

    def _silent(self, profile: FlowProfile, judged: Bools, below: Bools) -> Finding:
        scale = _positive(np.fmin(profile.loss, 1.0)[judged])
        medians = np.nanmedian(profile.sensitivity[:, judged] / scale, axis=1)
        weak = medians < self.min_sensitivity
        if not profile.is_sequence:
            weak[:-1] = False
        layers = tuple(p.layer for p, below_limit in zip(profile.points, weak, strict=True) if below_limit)
        value = float(np.nanmedian(profile.weakest_sensitivity[judged]))
        return self._finding(
            profile,
            layers or (profile.points[0].layer,),
            below,
            message=(
                f"Almost no signal passes through {join_layers(layers)}. What the loss can feel of the weakest layer is"
                f" {show_number(value)} of the loss (limit {show_number(self.min_sensitivity)})."
            ),
            why="The output no longer depends on the input, so the gradient has nothing to say to any layer.",
            evidence=Evidence("smallest sensitivity over the loss", value, self.min_sensitivity, "ratio"),
        )

    def _finding(
        self,
        profile: FlowProfile,
        layers: tuple[str, ...],
        below: Bools,
        *,
        message: str,
        why: str,
        evidence: Evidence,
    ) -> Finding:
        return Finding(
            rule=self.code,
            name=self.name,
            message=message,
            why=why,
            layers=layers,
            first_step=int(profile.steps[below][0]),
            evidence=(evidence,),
        )


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)
