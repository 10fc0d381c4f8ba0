"""Decides at the end of an epoch whether a run can still recover; it changes and measures nothing.

Lost is only what no further step of the plan can mend: a plateau alone never is, and nothing is before the learning
rate has reached its height. Runs that stay non-finite are stopped by the loop itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.recording.history import Floats, Quantity
from gradcheck_cli.training.cut_paths import find_cut

LOST_VARIATION = 1e-6
"""The output varies by less than this share of its scale: little more than the rounding of fp32, 6e-8."""
STILL_WEIGHTS = 1e-3
"""Weights that move by less than this share of themselves in all the steps to come stay what they are."""
CARRIES_SIGNAL = 1e-2
"""A layer whose output varies by less than this share of its scale learns little more than an offset."""
RECOVERED_VARIATION = 1e-4
"""What the layers behind the loss of the signal must be able to make of the output's variation to count."""
HIGH_LOSS = 10.0
"""Loss over the trivial loss."""
HIGH_EPOCHS = 3
USEFUL_GAIN = 0.05
"""A metric further above the trivial one than this is worth something, however high the loss; 512 rows tell 0.02."""
_ROUNDING = 1e-7
_RECENT = 3
_RISE, _FALL = 1.05, 0.95


class RecentSignals(Protocol):
    """What is asked of the tables of a run."""

    def recent(self, quantity: Quantity, *, count: int = 1) -> Mapping[str, Floats]:
        """The last sampled values of each row, NaN where unknown."""


@dataclass(frozen=True)
class EpochEnd:
    """Where a run stands.

    Attributes:
        step: Optimizer steps done.
        train_loss, slice_loss: As in `EpochSeries`.
        variation: Of the outputs on the slice of training rows, over their scale.
        slice_metric: As in `EpochSeries`.
    """

    step: int
    train_loss: float
    slice_loss: float
    variation: float
    slice_metric: float = math.nan


class VerdictStop:
    """Looks at one epoch's end after another."""

    def __init__(
        self,
        layers: Sequence[LayerDescription],
        signals: RecentSignals,
        *,
        planned_steps: int,
        plan_rates: Callable[[], Floats | None],
        trivial_loss: Callable[[], float],
        trivial_metric: Callable[[], float],
    ) -> None:
        """Args:
        layers: Leaf layers and containers in forward order.
        signals: What was recorded last.
        planned_steps: Of the whole run.
        plan_rates: The learning rate of each planned step, None where it is not known; called only when it matters.
        trivial_loss: Mean training loss of the best constant output; called only when it matters.
        trivial_metric: Its metric on the training rows; likewise.
        """
        self._layers, self._signals, self._planned_steps = layers, signals, planned_steps
        self._plan_rates, self._find_trivial_loss = plan_rates, trivial_loss
        self._find_trivial_metric = trivial_metric
        self._ends: list[EpochEnd] = []

    def judge(self, end: EpochEnd) -> str:
        """Why the run is lost, in a sentence that tells the step; empty while it is not."""
        self._ends.append(end)
        if not 0 < end.step < self._planned_steps:
            return ""
        for reason in (self._find_cut, self._find_lost_signal, self._find_high_loss):
            sentence = reason()
            if sentence:
                return f"{sentence}, so it was stopped after step {end.step:,} of {self._planned_steps:,}"
        return ""

    def _find_cut(self) -> str:
        """Layers dead at the last two epoch ends, in evaluation and in training."""
        dead = {name for name, values in self._recent(Quantity.DEAD_FRACTION).items() if values[-1] == 1}
        slopes = self._recent(Quantity.ACTIVATION_SLOPE, count=_RECENT) if dead else {}
        flat = {name for name in dead if name in slopes and not slopes[name].any()}
        cut = find_cut(self._layers, flat)
        if not cut or not self._has_lost_signal() or self._is_warming_up:
            return ""
        names = " and ".join(cut)
        return f"every path from the input to the output is cut by dead units in {names}"

    def _find_lost_signal(self) -> str:
        if not self._has_lost_signal() or self._is_warming_up:
            return ""
        growth = 1.0
        outputs = self._recent(Quantity.FORWARD_RELATIVE, count=_RECENT)
        for layer in self._layers:
            movement = self._project_movement(layer)
            if movement < STILL_WEIGHTS:
                continue
            variation = outputs.get(layer.name, np.empty(0))
            if not variation.size or not (variation < CARRIES_SIGNAL).all():
                return ""
            growth *= 1 + movement
        if not growth * max(self._ends[-1].variation, _ROUNDING) < RECOVERED_VARIATION:
            return ""
        return "the output no longer depends on the input, and no layer moves enough to change that"

    def _find_high_loss(self) -> str:
        last = self._ends[-HIGH_EPOCHS:]
        if len(last) < HIGH_EPOCHS or not (
            last[-1].train_loss >= last[0].train_loss and last[-1].slice_loss >= last[0].slice_loss
        ):
            return ""
        lowest = min(min(end.train_loss, end.slice_loss) for end in last)
        if not (self._trivial_loss > 0 and lowest > HIGH_LOSS * self._trivial_loss):
            return ""
        # A run that was once better than a constant has learned something: its loss may only be overconfident.
        useful = self._trivial_metric + USEFUL_GAIN
        if any(end.slice_loss < self._trivial_loss or end.slice_metric > useful for end in self._ends):
            return ""
        if self._rates is None or self._is_warming_up or (self._coming < _FALL * self._rate).any():
            return ""
        times = f"{HIGH_LOSS:.0f} times that of a constant output"
        return f"the loss stayed above {times} for {HIGH_EPOCHS} epochs without falling"

    def _has_lost_signal(self) -> bool:
        """At the last two epoch ends; a variation that is not known is none that was lost."""
        return len(self._ends) > 1 and all(end.variation < LOST_VARIATION for end in self._ends[-2:])

    def _project_movement(self, layer: LayerDescription) -> float:
        """The largest share of themselves by which weights of a layer can move until the end, at their recent pace."""
        ratios = self._recent(Quantity.UPDATE_RATIO, count=_RECENT)
        largest = 0.0
        for parameter in layer.parameters:
            if len(parameter.shape) < 2 or not parameter.trainable or parameter.alias_of is not None:
                continue
            pace = float(np.max(ratios.get(parameter.name, np.array([np.nan]))))
            if math.isnan(pace):
                return math.inf
            largest = max(largest, pace * self._remaining_steps)
        return largest

    @property
    def _remaining_steps(self) -> float:
        """Steps to come, each by its learning rate over the present one."""
        if self._rates is None:
            return float(self._planned_steps - self._ends[-1].step)
        return float((self._coming / self._rate).sum()) if self._rate > 0 else math.inf

    @property
    def _is_warming_up(self) -> bool:
        """Whether the learning rate is still to rise; a schedule that waits for losses only lowers it."""
        return self._rates is not None and bool((self._coming > _RISE * self._rate).any())

    @property
    def _rate(self) -> float:
        """The learning rate of the last step."""
        return float(self._rates[self._ends[-1].step - 1]) if self._rates is not None else math.nan

    @property
    def _coming(self) -> Floats:
        return self._rates[self._ends[-1].step :] if self._rates is not None else np.empty(0)

    @cached_property
    def _rates(self) -> Floats | None:
        return self._plan_rates()

    @cached_property
    def _trivial_loss(self) -> float:
        return self._find_trivial_loss()

    @cached_property
    def _trivial_metric(self) -> float:
        return self._find_trivial_metric()

    def _recent(self, quantity: Quantity, *, count: int = 1) -> Mapping[str, Floats]:
        return self._signals.recent(quantity, count=count)
