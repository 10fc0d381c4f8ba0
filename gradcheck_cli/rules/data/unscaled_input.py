"""GC601: inputs or regression targets that are not of about unit size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.data_profile import Scales
from gradcheck_cli.recording.description import LayerKind, RunDescription
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity, threshold
from gradcheck_cli.rules.fixes.data import scale_inputs, scale_targets
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

TARGET = "largest target"
PASSIVE = frozenset({LayerKind.SHAPE, LayerKind.DROPOUT})
BY_COLUMN = ("BatchNorm", "InstanceNorm")


@dataclass(frozen=True)
class UnscaledInput(Rule):
    """Unscaled input.

    ## What it detects
    Features that are large, or of very different scales, and regression targets that are large, where the network sees
    them as they are.

    ## Why it matters
    Initial weights and learning rates are made for inputs of about unit size. Large ones saturate or kill the first
    layer or make the first steps explode; beside them, small ones are not seen.

    ## How it decides
    From the training rows before standardisation: the root mean square of the largest feature, and the spread (largest
    less smallest value) of the widest feature over that of a feature at the lower quartile of all spreads, without
    constant ones. A network that begins with a batch or instance normalisation standardises by itself and is left
    alone; other normalisations at its start take the size away, not the differences. `check` makes an error of it where
    the run was harmed in a way that inputs bring about, and a note where the run ended well. Targets are judged by size
    and are at most a warning: whether they do harm depends on the learning rate, and other rules watch the steps.

    ## Fixes and their safety
    `data.standardize: true`, or `data.standardize_target: true` (unsafe: they change what the network is given). A
    batch normalisation as the first layer (unsafe).

    ## When to ignore it
    When the scales carry meaning that the network must see, or when all features are of one moderate scale.

    ## References
    LeCun, Bottou, Orr and Mueller 1998, "Efficient BackProp", section 4.3.
    """

    code: ClassVar[str] = "GC601"
    name: ClassVar[str] = "unscaled-input"
    summary: ClassVar[str] = "Features or regression targets are of very different or large scale, not standardised."
    family: ClassVar[Family] = Family.DATA
    needs: ClassVar[frozenset[Need]] = frozenset({Need.DATA})
    aliases: ClassVar[tuple[str, ...]] = ("CheckInputImages", "NotNormalizedData", "UnscaledData")

    max_size: float = threshold(
        50.0,
        unit="root mean square",
        help="of the largest feature or target",
        source="calibrated on the corpus: healthy features up to 13, broken ones from 830",
    )
    max_ratio: float = threshold(
        100.0,
        unit="ratio",
        help="spread of the widest feature over that at the lower quartile",
        source="calibrated on the corpus: healthy up to 3.3, broken from 510",
    )

    def check(self, run: History) -> Iterator[Finding]:
        profile = run.data_profile
        if profile is None:
            return
        if profile.inputs is not None and not profile.inputs.standardized:
            yield from self._judge_inputs(profile.inputs, run.description)
        targets = profile.targets
        if targets is None or targets.standardized or profile.constant_target:
            return
        if targets.size > self.max_size:
            yield self._judge_targets(targets)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return scale_targets(config) if finding.evidence[0].name == TARGET else scale_inputs(config)

    def _judge_inputs(self, inputs: Scales, description: RunDescription) -> Iterator[Finding]:
        normalization = _first_normalization(description)
        if normalization.startswith(BY_COLUMN):
            return
        large = inputs.size > self.max_size and not normalization
        ratio = inputs.spread / inputs.narrow_spread if inputs.narrow_spread > 0 else 1.0
        uneven = ratio > self.max_ratio
        if not (large or uneven):
            return
        size = Evidence("largest feature", inputs.size, self.max_size, "root mean square")
        spread = Evidence("widest over narrow feature", ratio, self.max_ratio, "ratio of spreads")
        first = "very different scales" if uneven else "a large scale"
        figures = [
            f"{inputs.largest} has a root mean square of {show_number(inputs.size)}"
            f" (limit {show_number(self.max_size)})"
        ] * large + [
            f"{inputs.widest} spreads over {show_number(inputs.spread)} and {inputs.narrow} over"
            f" {show_number(inputs.narrow_spread)}"
        ] * uneven
        yield self._finding(
            f"The features are of {first} and not standardised. {'; '.join(figures)}.",
            why="Initial weights and learning rates are made for inputs of about unit size. Large ones saturate or kill"
            " the first layer or make steps explode; beside them, small ones are not seen.",
            evidence=tuple(e for e, holds in ((size, large), (spread, uneven)) if holds),
        )

    def _judge_targets(self, targets: Scales) -> Finding:
        return self._finding(
            f"The targets are large and not standardised. {targets.largest} has a root mean square of"
            f" {show_number(targets.size)} (limit {show_number(self.max_size)}).",
            why="The gradient grows with the size of the targets, and the outputs have far to go from near 0.",
            evidence=(Evidence(TARGET, targets.size, self.max_size, "root mean square"),),
            ceiling=Severity.WARNING,
            effects=(),
        )

    def _finding(
        self,
        message: str,
        *,
        why: str,
        evidence: tuple[Evidence, ...],
        ceiling: Severity = Severity.ERROR,
        effects: tuple[str, ...] | None = None,
    ) -> Finding:
        return Finding(
            rule=self.code,
            name=self.name,
            message=message,
            why=why,
            path="data",
            evidence=evidence,
            ceiling=ceiling,
            effects=effects,
        )


def _first_normalization(description: RunDescription) -> str:
    """Type of the normalisation that the inputs meet before anything else; empty where they do not."""
    for layer in description.layers:
        if layer.kind is LayerKind.NORMALIZATION:
            return layer.type
        if layer.kind not in PASSIVE:
            break
    return ""
