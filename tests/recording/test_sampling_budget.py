"""Which steps are looked at, and which closely, follows from what that costs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from gradcheck_cli.recording.sampling_budget import FIRST_LOOKS, FIXED_INTERVAL, SamplingBudget

Cost = float | Callable[[int], float]


@dataclass
class Simulation:
    """What was chosen in a loop, and what all of it cost as a share of the training time.

    Attributes:
        strides: After each step that was looked at.
    """

    plan: SamplingBudget
    sampled: list[int] = field(default_factory=list)
    looked_at: list[int] = field(default_factory=list)
    strides: list[int] = field(default_factory=list)
    cost: float = 0.0


def simulate(
    budget: float | None,
    *,
    steps: int,
    own: Cost = 0.002,
    sampled: Cost = 4.0,
    passing: float = 0.0,
    all_looked_at: bool = False,
) -> Simulation:
    """A loop whose steps take 1 s, one that is looked at `own` more, a sampled one `sampled` beyond that."""
    found = Simulation(SamplingBudget(budget))
    plan, since, spent, passes = found.plan, 0.0, 0.0, 0
    if all_looked_at:
        plan.look_at_all()
    for step in range(steps):
        since += 1.0
        if passes:
            passes -= 1
            plan.passing_s += passing
            since += passing
            spent += passing
            if not passes and step + 1 in plan:
                plan.see_passes(step, since)
                since = 0.0
            continue
        looking = own if isinstance(own, float) else own(step)
        if step in plan:
            extra = sampled if isinstance(sampled, float) else sampled(step)
            plan.see_sampled(step, since + looking + extra, looking + extra / 4)
            found.sampled.append(step)
            spent += looking + extra
        else:
            plan.see_look(step, since + looking, looking)
            spent += looking
        found.looked_at.append(step)
        found.strides.append(plan.stride)
        since, passes = 0.0, plan.count_passes(step)
    found.cost = spent / steps
    return found


@pytest.mark.parametrize("budget", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("sampled", [0.1, 4.0, 30.0])
@pytest.mark.parametrize("own", [0.0001, 0.002, 0.03])
@pytest.mark.parametrize("passing", [0.0, 0.001])
def test_the_whole_cost_stays_within_the_budget(budget: float, sampled: float, own: float, passing: float) -> None:
    steps = 50_000
    first = 20 * sampled / steps + FIRST_LOOKS * own / steps
    found = simulate(budget, steps=steps, sampled=sampled, own=own, passing=passing)
    assert found.cost <= budget * 1.05 + first


def test_a_larger_budget_samples_more_often() -> None:
    few, many = (len(simulate(budget, steps=20_000).sampled) for budget in (0.01, 0.05))
    assert many > 3 * few


def test_some_first_steps_are_always_sampled() -> None:
    chosen = simulate(1e-6, steps=3000, sampled=100.0).sampled
    assert chosen == [0, 12, 24, 48, 96, 192, 384, 768, 1536]


@pytest.mark.parametrize("steps", [49, 60, 95, 100, 1000, 1537, 5000])
def test_three_samples_at_least_come_after_the_first_tenth(steps: int) -> None:
    chosen = simulate(1e-6, steps=steps, sampled=100.0).sampled
    assert sum(step >= steps / 10 for step in chosen) >= 3


def test_the_first_steps_are_all_looked_at() -> None:
    assert simulate(0.02, steps=200, own=5.0).looked_at[:FIRST_LOOKS] == list(range(FIRST_LOOKS))


def test_cheap_norms_are_taken_at_each_step() -> None:
    found = simulate(0.02, steps=300, own=0.0045)
    assert found.looked_at == list(range(300))
    assert found.plan.stride == 1


@pytest.mark.parametrize(("own", "stride"), [(0.0055, 2), (0.015, 4), (0.035, 8), (0.07, 16), (0.2, 64), (5.0, 64)])
def test_dear_norms_are_taken_as_often_as_a_quarter_of_the_budget_pays_for(own: float, stride: int) -> None:
    assert simulate(0.02, steps=300, own=own).plan.stride == stride


def test_a_step_that_is_to_be_sampled_is_never_passed_over() -> None:
    found = simulate(0.02, steps=3000, own=0.3)
    assert found.sampled[:9] == [0, 12, 24, 48, 96, 192, 384, 768, 1536]


def test_norms_that_become_cheap_are_taken_more_often_again_and_dear_ones_less() -> None:
    found = simulate(0.02, steps=3000, own=lambda step: 0.07 if step < 1000 else 0.001 if step < 2000 else 0.015)
    strides = dict(zip(found.looked_at, found.strides, strict=True))
    assert [strides[max(step for step in strides if step < end)] for end in (1000, 2000, 3000)] == [16, 1, 4]


def test_a_cost_near_the_limit_does_not_change_the_stride_to_and_fro() -> None:
    found = simulate(0.02, steps=2000, own=lambda step: 0.0052 if step // 100 % 2 else 0.0048)
    assert sum(before != after for before, after in pairwise(found.strides)) == 1


def test_norms_that_cost_all_of_the_budget_leave_a_fifth_of_it_to_samples() -> None:
    steps = 500_000
    samples = len(simulate(0.02, steps=steps, own=5.0).sampled)
    assert 0.003 < samples * (4.0 + 5.0) / steps < 0.0045


def test_dearer_samples_are_taken_less_often() -> None:
    cheap, dear = (simulate(0.02, steps=5000, sampled=cost).plan.interval for cost in (2.0, 20.0))
    assert dear == pytest.approx(10 * cheap)


def test_samples_are_spread_though_much_was_saved_up() -> None:
    found = simulate(0.02, steps=9000, own=0.0, sampled=lambda step: 4.0 if step < 1000 else 0.5)
    gaps = [after - before for before, after in pairwise(found.sampled) if before > 6000]
    # Rungs of the ladder come as they come.
    assert sum(gap < 40 for gap in gaps) <= 2


def test_without_a_budget_every_step_is_looked_at_and_each_64th_sampled_whatever_it_costs() -> None:
    found = simulate(None, steps=300, own=10.0, sampled=1000.0)
    assert found.sampled == [0, 12, 24, 48, 64, 128, 192, 256]
    assert found.looked_at == list(range(300))
    assert found.plan.interval == FIXED_INTERVAL


def test_nothing_is_passed_over_where_all_is_to_be_looked_at() -> None:
    assert simulate(0.02, steps=300, own=5.0, all_looked_at=True).looked_at == list(range(300))


def test_a_sample_that_seems_to_cost_nothing_is_counted_by_what_is_known_of_it() -> None:
    plan = SamplingBudget(0.02)
    for step in range(200):
        if step in plan:
            plan.see_sampled(step, 0.5, 0.302)
        else:
            plan.see_look(step, 1.002, 0.002)
    assert plan.interval == pytest.approx(0.3 / 0.010, rel=0.01)


def test_what_passing_over_costs_counts() -> None:
    found = simulate(0.02, steps=4000, own=0.05, passing=0.01)
    without = simulate(0.02, steps=4000, own=0.05)
    assert found.plan.own_share - without.plan.own_share == pytest.approx(0.01 * 15 / 16, rel=0.05)


def test_what_was_spent_late_counts() -> None:
    plan = SamplingBudget(0.02)
    for step in range(200):
        if step in plan:
            plan.see_sampled(step, 1.302, 0.302)
            plan.see_late(0.3)
        else:
            plan.see_look(step, 1.002, 0.002)
    assert plan.interval == pytest.approx(0.6 / 0.010, rel=0.01)


def test_what_transfers_take_is_paid_from_the_same_budget() -> None:
    def count_samples(transfer: float) -> int:
        plan, samples = SamplingBudget(0.02), 0
        for step in range(5000):
            if step in plan:
                plan.see_sampled(step, 2.0, 1.0)
                samples += 1
            else:
                plan.see_look(step, 1.001, 0.001)
            if step % 100 == 99:
                plan.see_transfer(transfer)
        return samples

    assert count_samples(0.5) == pytest.approx(count_samples(0.0) - 25, abs=5)


def test_nothing_is_claimed_before_it_is_known() -> None:
    plan = SamplingBudget(0.02)
    assert math.isnan(plan.own_share)
    assert math.isnan(plan.sampled_share)
    assert plan.interval == math.inf
    assert 0 in plan


def test_what_was_spent_is_told() -> None:
    found = simulate(0.02, steps=10_000, own=0.05)
    assert found.plan.own_share + found.plan.sampled_share == pytest.approx(found.cost, rel=0.05)
