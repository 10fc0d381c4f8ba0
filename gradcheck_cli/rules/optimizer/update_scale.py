"""GC204: steps that are tiny or huge beside the weights they change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import Floats, History, Ints, Quantity
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity, threshold
from gradcheck_cli.rules.fixes.step_recipes import scale_steps
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

MIN_JUDGED_STEPS = 3
EVIDENCE = "size of an update over its weight"


@dataclass(frozen=True)
class UpdateScale(Rule):
    """Update scale.

    ## What it detects
    Optimizer steps that are tiny, or huge, beside the weights they change, in the middle of a run that ended badly.

    ## Why it matters
    Tiny steps get nowhere in the time given, huge ones undo what the steps before have learnt.

    ## How it decides
    The size of each real update over that of its weight tensor, divided by the learning rate of the step over the
    largest of the run, so that warm-up and decay do not count; its median over the middle half of the run. It fires
    where that of the fastest tensor lies outside the band. Biases, and tensors that began as zeros, are not asked. It
    speaks only of harmed runs, and never as more than a warning: other rules name the reason.

    ## Fixes and their safety
    A usual, a higher or a lower learning rate, Adam (safe).

    ## When to ignore it
    When the run is a short continuation of an earlier one.

    ## References
    Karpathy 2019, "A recipe for training neural networks"; Amazon SageMaker Debugger, built-in rule WeightUpdateRatio.
    """

    code: ClassVar[str] = "GC204"
    name: ClassVar[str] = "update-scale"
    summary: ClassVar[str] = "Steps are tiny or huge beside the weights they change."
    family: ClassVar[Family] = Family.OPTIMIZER
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.STEPS})
    aliases: ClassVar[tuple[str, ...]] = ("WeightUpdateRatio",)
    only_with_harm: ClassVar[bool] = True

    min_update: float = threshold(
        3e-5,
        unit="ratio",
        help="smallest update over its weight, fastest tensor",
        source="calibrated on the corpus: 2e-4 and more on healthy runs, at most 7e-6 where the rate is too low",
    )
    max_update: float = threshold(
        0.1,
        unit="ratio",
        help="largest update over its weight, fastest tensor",
        source="calibrated on the corpus: at most 0.02 on healthy runs, 0.28 where the rate is too high",
    )

    def skip_reason(self, run: History) -> str:
        return "" if Quantity.UPDATE_RATIO in run.signals else "no updates were measured"

    def check(self, run: History) -> Iterator[Finding]:
        medians = _middle_updates(run)
        if not medians:
            return
        name = max(medians, key=lambda key: medians[key])
        value = medians[name]
        if self.min_update <= value <= self.max_update:
            return
        tiny = value < self.min_update
        limit = self.min_update if tiny else self.max_update
        yield Finding(
            rule=self.code,
            name=self.name,
            message=(
                f"The steps are {'tiny' if tiny else 'huge'} beside the weights they change. The fastest tensor,"
                f" {name}, changes by {show_number(value)} of its size in a step (limit {show_number(limit)})."
            ),
            why="Steps of this size get nowhere in the time given."
            if tiny
            else "Each step undoes much of what the steps before have learnt.",
            layers=tuple(p.layer for p in run.description.parameters if p.name == name),
            evidence=(Evidence(EVIDENCE, value, limit, "ratio"),),
            ceiling=Severity.WARNING,
        )

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        evidence = finding.evidence[0]
        return scale_steps(config, larger=float(evidence.value) < float(evidence.limit or 0))


def _middle_updates(run: History) -> dict[str, float]:
    """By weight tensor: median over the middle half of the planned run of the update at the largest learning rate."""
    signal = run.signals.get(Quantity.UPDATE_RATIO)
    if signal is None or run.steps is None or not len(run.steps.learning_rate):
        return {}
    planned = run.judged_length
    middle = (signal.steps >= planned / 4) & (signal.steps <= planned * 3 / 4)
    pace = _pace(run.steps.learning_rate, signal.steps)
    medians = {}
    for parameter in run.description.parameters:
        if (
            len(parameter.shape) < 2
            or parameter.no_effect
            or parameter.init_std == 0
            or parameter.name not in signal.rows
        ):
            continue
        row = signal.rows.index(parameter.name)
        judged = signal.known[row] & middle & np.isfinite(signal.values[row]) & (pace > 0)
        if judged.sum() >= MIN_JUDGED_STEPS:
            medians[parameter.name] = float(np.median(signal.values[row, judged] / pace[judged]))
    return medians


def _pace(rates: Floats, steps: Ints) -> Floats:
    """The learning rate at some steps over the largest of the run; 0 where not known."""
    largest = float(np.nanmax(rates))
    known = steps < len(rates)
    return np.where(known & (largest > 0), rates[np.minimum(steps, len(rates) - 1)] / (largest or 1.0), 0.0)
