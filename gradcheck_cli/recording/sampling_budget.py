"""Chooses which steps of a loop without a plan are looked at, and which closely, by what that costs.

It looks at a clock, so that two equal runs may choose different steps; without a budget it does not.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

FIXED_INTERVAL = 64
LOOK_SHARE = 0.25
"""Part of the budget that the gradient norms may take."""
SEEN_SHARE = 0.6
"""Part of the budget that all together may take by the clock. The rest is for what no clock here sees: measuring turns
caches over, so that the steps after it are slower. Measured on a transformer of 500 steps: 1.02 by the clock, 1.03 in
truth."""
LEAST_SHARE = 0.2
"""Part of the budget that sampled steps get even where norms cost all of it."""
LONGEST_STRIDE = 64
FIRST_LOOKS = 8
"""Steps at the beginning of a run that are all looked at: initialisation and a wrong learning rate show there."""
SLACK = 1.5
"""Norms are taken more often again only where they would stay within their part if they cost so much more."""
LEAST_EXTRA_S = 1e-5
REMEMBERED = 9
"""Steps and samples whose median cost counts. The first sample of a run warms up and does not."""


class SamplingBudget:
    """Samples steps 0, 12, 24, 48, ... and between them as many as the budget pays for, once it paid for those.

    Gradient norms are taken at each step, or, where they would cost more than a quarter of the budget, as in networks
    of a few small layers, at each 2nd, 4th, ... or 64th from step 8 on. They and the sampled steps together cost at
    most the budget's share of the training time, as far as that can be had. All times are in seconds.

    Attributes:
        stride: Steps from one whose gradients are looked at to the next: a power of two.
        passing_s: What passing over steps has taken since the last one that was looked at, to be added to.
    """

    def __init__(self, budget: float | None) -> None:
        """Args:
        budget: Share of the training time; None: look at each step and sample each 64th, whatever it costs.
        """
        self._budget = budget
        self._longest = 1 if budget is None else LONGEST_STRIDE
        self._extras: deque[float] = deque(maxlen=REMEMBERED)
        self._trainings: deque[float] = deque(maxlen=REMEMBERED)
        self._owns: deque[float] = deque(maxlen=REMEMBERED)
        self._passes: deque[float] = deque(maxlen=REMEMBERED)
        self._own_s = self._pass_s = self._training_s = math.nan
        self._transferred_s = 0.0
        self.passing_s = 0.0
        self._samples = self._looks = 0
        self._last_sample, self._last_look = 0, -1
        self._next_sample = self._next_look = 0
        self.stride = 1

    def __contains__(self, step: object) -> bool:
        """Whether a step is to be sampled."""
        return step == self._next_sample

    def count_passes(self, step: int) -> int:
        """How many steps after one that was looked at are passed over."""
        return self._next_look - step - 1

    def look_at_all(self) -> None:
        """No step may be passed over from now on."""
        self._longest = self.stride = 1

    def see_passes(self, step: int, total_s: float) -> None:
        """The steps up to this one took so long, without what was looked at."""
        steps = step - self._last_look
        self._trainings.append(max(total_s - self.passing_s, 1e-9) / steps)
        self._passes.append(self.passing_s / steps)
        self.passing_s = 0.0
        self._last_look = step

    def see_look(self, step: int, total_s: float, own_s: float) -> None:
        """A step was looked at, so long after the last one that was; looking took `own_s` of it."""
        self.see_passes(step, total_s - own_s)
        self._owns.append(own_s)
        self._looks += 1
        if self._looks % (REMEMBERED - 1) == 0:
            self._measure()
            self._choose_sample(step)
        self._choose_look(step)

    def see_sampled(self, step: int, total_s: float, own_s: float) -> None:
        """A sampled step took so long, of which so much was spent where it can be told; chooses the next one."""
        self._samples += 1
        self._measure()
        if self._samples > 1 and not math.isnan(self._training_s):
            # Where other programs slow the ordinary steps down, a sampled one may look free: it never is.
            self._extras.append(max(total_s - self._training_s - self._own_s, own_s - self._own_s, LEAST_EXTRA_S))
        self._last_sample = self._last_look = step
        self._choose_sample(step)
        self._choose_look(step)

    def see_late(self, seconds: float) -> None:
        """The last sampled step took that much more, after it was counted."""
        if self._extras:
            self._extras[-1] += seconds

    def see_transfer(self, seconds: float) -> None:
        """What had been measured was read from the device, which took so long."""
        self._transferred_s += seconds

    @property
    def interval(self) -> float:
        """Steps that pay for one sample; inf before that is known."""
        if self._budget is None:
            return FIXED_INTERVAL
        earned = self._earned_s
        return max(self._price_s / earned, 1.0) if self._extras and earned > 0 else math.inf

    @property
    def own_share(self) -> float:
        """What the norms have cost so far, as a share of the training time; NaN before it is known."""
        if not self._looks:
            return math.nan
        return (self._own_s * self._looks / (self._last_look + 1) + self._pass_s) / self._training_s

    @property
    def sampled_share(self) -> float:
        """What the sampled steps have cost so far, as a share of the training time; NaN before it is known."""
        return self._spent_s / (self._training_s * (self._last_look + 1)) if self._extras else math.nan

    @property
    def _spent_s(self) -> float:
        return self._samples * self._price_s + self._transferred_s

    @property
    def _price_s(self) -> float:
        """What a sample costs, with the look at it that would not have been taken."""
        return median(self._extras) + self._own_s * (1 - 1 / self.stride)

    @property
    def _earned_s(self) -> float:
        """What each step may spend on samples."""
        budget = self._budget or 0.0
        left = SEEN_SHARE * budget * self._training_s - self._own_s / self.stride - self._pass_s
        return max(left, LEAST_SHARE * budget * self._training_s)

    def _measure(self) -> None:
        if not self._owns:
            return
        self._own_s, self._pass_s, self._training_s = map(median, (self._owns, self._passes, self._trainings))
        if self._budget is not None:
            wanted, cautious = (self._find_stride(self._own_s * factor) for factor in (1.0, SLACK))
            self.stride = max(wanted, min(self.stride, cautious))

    def _find_stride(self, own_s: float) -> int:
        """The smallest one at which norms of that cost stay within their part of the budget."""
        ratio = own_s / (self._training_s * LOOK_SHARE * (self._budget or 1.0))
        return min(1 << max(math.ceil(math.log2(ratio)), 0), self._longest) if ratio > 1 else 1

    def _choose_look(self, step: int) -> None:
        stride = self.stride if step >= FIRST_LOOKS else 1
        self._next_look = max(min(step + stride, self._next_sample), step + 1)

    def _choose_sample(self, step: int) -> None:
        """The next one of the first steps' ladder, or before that where the samples so far and it have been paid."""
        rung: float = _next_rung(self._last_sample)
        if self._budget is None:
            wanted = float((self._last_sample // FIXED_INTERVAL + 1) * FIXED_INTERVAL)
            rung = rung if rung < FIXED_INTERVAL else wanted
        elif self._extras and self._earned_s > 0:
            # Not at once what was saved up: samples side by side tell no more than one.
            wanted = max((self._spent_s + self._price_s) / self._earned_s, self._last_sample + self.interval)
        else:
            wanted = math.inf
        self._next_sample = max(int(min(rung, math.ceil(min(wanted, rung)))), step + 1)


def _next_rung(step: int) -> int:
    """The first of 12, 24, 48, ... above a step: of a run of 49 steps or more three come after its first tenth."""
    rung = 12
    while rung <= step:
        rung *= 2
    return rung
