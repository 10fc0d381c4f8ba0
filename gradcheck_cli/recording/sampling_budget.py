"""Chooses the steps that get the costly measurements in a loop without a plan, by what those measurements cost.

It looks at a clock, so that two equal runs may sample different steps; without a budget it does not.
"""

from __future__ import annotations

import math
from statistics import median

FIXED_INTERVAL = 64
LEAST_SHARE = 0.2
"""Part of the budget that sampled steps get even where the norms of each step cost all of it."""
LONGEST_STRIDE = 4
LEAST_EXTRA_S = 1e-5
REMEMBERED = 9
"""Samples whose median cost counts. The first one of a run warms up and does not."""


class SamplingBudget:
    """Steps 0, 1, 4, 8, 16, ... and between them as many as the budget pays for, once it has paid for those.

    What is measured at each step and the sampled steps together cost at most the budget's share of the training time,
    as far as the first cost less than that alone. Where they cost more, as in networks of a few small layers, they are
    taken at each 2nd or 4th step. All times are in seconds.

    Attributes:
        stride: Steps from one whose gradients are looked at to the next: 1, 2 or 4.
    """

    def __init__(self, budget: float | None) -> None:
        """Args:
        budget: Share of the training time; None: each 64th step instead, whatever it costs.
        """
        self._budget = budget
        self._extras: list[float] = []
        self._totals: list[float] = []
        self._owns: list[float] = []
        self._own_s = self._training_s = math.nan
        self._samples = 0
        self._last = 0
        self._next = 0
        self.stride = 1

    def __contains__(self, step: object) -> bool:
        return step == self._next

    def see_ordinary(self, total_s: float, own_s: float) -> None:
        """A step that was not sampled took so long, of which so much was ours."""
        self._totals.append(total_s)
        self._owns.append(own_s)

    def see_sampled(self, step: int, total_s: float, own_s: float) -> None:
        """A sampled step took so long, of which so much was spent where it can be told; chooses the next one."""
        self._samples += 1
        self._measure_ordinary()
        if self._samples > 1 and not math.isnan(self._training_s):
            # Where other programs slow the ordinary steps down, a sampled one may look free: it never is.
            extra = max(total_s - self._training_s - self._own_s, own_s - self._own_s, LEAST_EXTRA_S)
            self._extras = [*self._extras[1 - REMEMBERED :], extra]
        self._last = step
        self._choose_next(step)

    def see_late(self, seconds: float) -> None:
        """The last sampled step took that much more, after it was counted."""
        if self._extras:
            self._extras[-1] += seconds

    def reconsider(self, step: int) -> None:
        """Call each few dozen steps, at one that is not sampled: later steps may have become cheaper or dearer."""
        self._measure_ordinary()
        self._choose_next(step)
        if self.stride == 1 and self._budget is not None and self.own_share > self._budget:
            self.stride = 2 if self.own_share <= 2 * self._budget else LONGEST_STRIDE

    def looks_at(self, step: int) -> bool:
        """Whether the gradients of a step that is not sampled are looked at."""
        return self.stride == 1 or step % self.stride == self.stride - 1

    @property
    def interval(self) -> float:
        """Steps that pay for one sample; inf before that is known."""
        if self._budget is None:
            return FIXED_INTERVAL
        earned = self._earned_s
        return max(median(self._extras) / earned, 1.0) if self._extras and earned > 0 else math.inf

    @property
    def own_share(self) -> float:
        """What is measured at each step, as a share of the training time; NaN before it is known."""
        return self._own_s / self._training_s

    @property
    def sampled_share(self) -> float:
        """What the sampled steps have cost so far, as a share of the training time; NaN before it is known."""
        return self._spent_s / (self._training_s * (self._last + 1)) if self._extras else math.nan

    @property
    def _spent_s(self) -> float:
        return self._samples * median(self._extras)

    @property
    def _earned_s(self) -> float:
        """What each step may spend on samples."""
        budget = self._budget or 0.0
        return max(budget - self.own_share, LEAST_SHARE * budget) * self._training_s

    def _measure_ordinary(self) -> None:
        if self._totals:
            self._own_s = median(self._owns)
            self._training_s = max(median(self._totals) - self._own_s, 1e-9)
        self._totals, self._owns = self._totals[-1:], self._owns[-1:]

    def _choose_next(self, step: int) -> None:
        """The next power of two, or before that where the samples so far and one more have been paid for."""
        doubled = 1 if self._last == 0 else max(1 << self._last.bit_length(), 4)
        if self._budget is None:
            wanted = float(self._last + FIXED_INTERVAL)
        elif self._extras and self._earned_s > 0:
            wanted = (self._spent_s + median(self._extras)) / self._earned_s
        else:
            wanted = math.inf
        self._next = max(int(min(doubled, math.ceil(min(wanted, doubled)))), step + 1)
