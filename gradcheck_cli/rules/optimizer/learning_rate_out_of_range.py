"""GC506: a learning rate far from those at which its optimizer works."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.learning_rate import USUAL_RATES
from gradcheck_cli.rules.fixes.step_recipes import lower_far_rate, raise_far_rate
from gradcheck_cli.rules.optimizer.rate_course import plan_rates
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

GRADIENT_SIZED = frozenset({"SGD", "ASGD"})
"""Optimizers whose steps are as large as the gradients."""
USUAL_BATCH = 32
TOO_HIGH = (
    "GC101",
    "GC102",
    "GC103",
    "GC104",
    "GC105",
    "GC201",
    "GC202",
    "GC204",
    "GC301",
    "GC302",
    "GC303",
    "GC304",
    "GC306",
    "GC402",
)
TOO_LOW = ("GC103", "GC204", "GC304", "GC305", "GC306", "GC402")
HIGHEST, MEAN = "highest learning rate", "mean learning rate"
SCHEDULED = 10.0
"""Highest over mean rate from which on the schedule is to blame for a low one."""


@dataclass(frozen=True)
class LearningRateOutOfRange(Rule):
    """Learning rate out of range.

    ## What it detects
    A learning rate far above or below those at which its optimizer works, schedule and momentum taken into account.

    ## Why it matters
    Steps that are far too large throw the weights about or kill units; steps that are far too small get nowhere.

    ## How it decides
    From the config alone. The rate is divided by 1 - momentum, and for SGD multiplied by the batch size where the loss
    is a sum. The highest rate of the schedule counts upwards, its mean downwards, each over the usual rate of the
    optimizer (SGD 0.1, Adam 0.001). For SGD the upper limit goes with the root of batch size over 32, since small
    batches are noisy. (Corpus, over the usual rate: networks that learn at most 21 for SGD and 20 for the others; those
    that fail by it 56 and more, 300 and more.) A regression under SGD is not asked for a rate that is too low, as its
    gradients are as large as its targets. A harmed run makes it an error only where its end agrees: divergence, swings
    or dead units with a rate too high, slow progress with one too low, no progress with both.

    ## Fixes and their safety
    A usual rate for the optimizer, no schedule where that takes the rate down, Adam (safe).

    ## When to ignore it
    When a short run on top of trained weights is meant.

    ## References
    Bengio 2012, "Practical recommendations for gradient-based training of deep architectures", arXiv:1206.5533;
    Kingma and Ba 2015, arXiv:1412.6980.
    """

    code: ClassVar[str] = "GC506"
    name: ClassVar[str] = "learning-rate-out-of-range"
    summary: ClassVar[str] = "A learning rate far from those at which its optimizer works."
    family: ClassVar[Family] = Family.OPTIMIZER
    needs: ClassVar[frozenset[Need]] = frozenset()

    max_sgd_ratio: float = threshold(
        30.0,
        unit="times the usual rate",
        help="Highest rate of SGD for batches of 32.",
        source="calibrated on the corpus",
    )
    max_ratio: float = threshold(
        100.0,
        unit="times the usual rate",
        help="Highest rate of optimizers that size their own steps.",
        source="calibrated on the corpus",
    )
    min_ratio: float = threshold(
        0.01,
        unit="times the usual rate",
        help="Lowest mean rate.",
        source="calibrated on the corpus: networks that learn 0.1 and more, those that fail by it 0.005 and less",
    )

    def check(self, run: History) -> Iterator[Finding]:
        description = run.description
        usual = USUAL_RATES.get(description.optimizer.type)
        if usual is None:
            return
        factor = step_factor(description)
        rates = [rate * factor for rate in plan_rates(description)]
        highest, mean = max(rates), math.fsum(rates) / len(rates)
        limits = usual * self._upper_ratio(description), usual * self.min_ratio
        if highest > limits[0]:
            yield self._too_high(description, highest, limits[0])
        elif mean < limits[1] and not _is_scaled_by_targets(description):
            yield self._too_low(description, rates, limits[1])

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        figures = {evidence.name: float(evidence.value) for evidence in finding.evidence}
        if MEAN not in figures:
            return lower_far_rate(config)
        return raise_far_rate(config, is_scheduled=figures[HIGHEST] >= SCHEDULED * figures[MEAN])

    def _upper_ratio(self, description: RunDescription) -> float:
        if description.optimizer.type not in GRADIENT_SIZED:
            return self.max_ratio
        return self.max_sgd_ratio * math.sqrt(description.trainer.get("batch_size", USUAL_BATCH) / USUAL_BATCH)

    def _too_high(self, description: RunDescription, rate: float, limit: float) -> Finding:
        optimizer = description.optimizer.type
        message = f"The learning rate is far above those at which {optimizer} works. It comes to {show_number(rate)}"
        message += f"{_explain(description)}; up to {show_number(limit)} is common."
        why = "Steps that are far too large throw the weights about or kill units for good."
        return self._finding(message, why, Evidence(HIGHEST, rate, limit, "rate"), effects=TOO_HIGH)

    def _too_low(self, description: RunDescription, rates: Sequence[float], limit: float) -> Finding:
        optimizer, rate = description.optimizer.type, math.fsum(rates) / len(rates)
        message = f"The learning rate is far below those at which {optimizer} works. It comes to {show_number(rate)}"
        message += f"{_explain(description)}; from {show_number(limit)} on is common."
        why = "Steps that are far too small get nowhere in the time given."
        evidence = Evidence(MEAN, rate, limit, "rate"), Evidence(HIGHEST, max(rates), None, "rate")
        return self._finding(message, why, *evidence, effects=TOO_LOW)

    def _finding(self, message: str, why: str, *evidence: Evidence, effects: tuple[str, ...]) -> Finding:
        return Finding(
            rule=self.code,
            name=self.name,
            message=message,
            why=why,
            path="optimizer.lr",
            evidence=evidence,
            effects=effects,
        )


def step_factor(description: RunDescription) -> float:
    """By how much momentum, and a loss that is a sum over the batch, make steps larger than the rate says."""
    given = description.optimizer.arguments
    momentum, dampening = float(given.get("momentum") or 0.0), float(given.get("dampening") or 0.0)
    factor = (1 - dampening) / (1 - momentum) if momentum < 1 else 1.0
    is_summed = description.optimizer.type in GRADIENT_SIZED and not description.mean_reduced
    return factor * description.trainer.get("batch_size", 1) if is_summed else factor


def _is_scaled_by_targets(description: RunDescription) -> bool:
    return description.optimizer.type in GRADIENT_SIZED and description.data.task != "classification"


def _explain(description: RunDescription) -> str:
    """What the config's own figure was multiplied by, in brackets."""
    parts = ["momentum"] if description.optimizer.arguments.get("momentum") else []
    parts += ["the schedule"] if description.schedule is not None else []
    return f" with {' and '.join(parts)}" if parts else ""
