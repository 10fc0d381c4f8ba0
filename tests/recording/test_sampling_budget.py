"""The interval between sampled steps follows from what they cost."""

from __future__ import annotations

import math

import pytest

from gradcheck_cli.recording.sampling_budget import FIXED_INTERVAL, SamplingBudget


def simulate(
    budget: float | None, *, steps: int, own: float = 0.002, sampled: float = 4.0, training: float = 1.0
) -> tuple[list[int], SamplingBudget]:
    """A loop whose steps take `training` seconds, ours `own` of them more, and a sampled one `sampled` more."""
    chosen, plan = [], SamplingBudget(budget)
    for step in range(steps):
        if step in plan:
            chosen.append(step)
            plan.see_sampled(step, training + own + sampled, own + sampled / 4)
        else:
            plan.see_ordinary(training + own, own)
            if step % 64 == 63:
                plan.reconsider(step)
    return chosen, plan


@pytest.mark.parametrize("budget", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("sampled", [0.1, 4.0, 30.0])
def test_the_whole_cost_stays_within_the_budget(budget: float, sampled: float) -> None:
    steps = 200_000
    chosen, _ = simulate(budget, steps=steps, sampled=sampled)
    assert 0.002 + len(chosen) * sampled / steps <= budget * 1.05 + 20 * sampled / steps


def test_a_larger_budget_samples_more_often() -> None:
    few, many = (len(simulate(budget, steps=20_000)[0]) for budget in (0.01, 0.05))
    assert many > 3 * few


def test_the_first_steps_and_powers_of_two_are_always_sampled() -> None:
    chosen, _ = simulate(1e-6, steps=3000, sampled=100.0)
    assert chosen == [0, 1, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]


def test_norms_that_cost_all_of_the_budget_leave_a_fifth_of_it_to_samples() -> None:
    steps = 500_000
    chosen, _ = simulate(0.02, steps=steps, own=0.05)
    assert 0.5 * 0.004 < len(chosen) * 4.0 / steps < 1.2 * 0.004


def test_dearer_samples_are_taken_less_often() -> None:
    cheap, dear = (simulate(0.02, steps=5000, sampled=cost)[1].interval for cost in (2.0, 20.0))
    assert dear == pytest.approx(10 * cheap)


def test_without_a_budget_each_64th_step_whatever_it_costs() -> None:
    chosen, plan = simulate(None, steps=300, sampled=1000.0)
    assert chosen == [0, 1, 4, 8, 16, 32, 64, 128, 192, 256]
    assert plan.interval == FIXED_INTERVAL


def test_a_sample_that_seems_to_cost_nothing_is_counted_by_what_is_known_of_it() -> None:
    plan = SamplingBudget(0.02)
    for step in range(200):
        if step in plan:
            plan.see_sampled(step, 0.5, 0.302)
        else:
            plan.see_ordinary(1.002, 0.002)
    assert plan.interval == pytest.approx(0.3 / 0.018, rel=0.01)


def test_nothing_is_claimed_before_it_is_known() -> None:
    plan = SamplingBudget(0.02)
    assert math.isnan(plan.own_share)
    assert math.isnan(plan.sampled_share)
    assert plan.interval == math.inf
    assert 0 in plan


def test_what_was_spent_is_told() -> None:
    chosen, plan = simulate(0.02, steps=10_000)
    assert plan.own_share == pytest.approx(0.002, rel=0.01)
    assert plan.sampled_share == pytest.approx(len(chosen) * 4.0 / (chosen[-1] + 1), rel=0.01)
