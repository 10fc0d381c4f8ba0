from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradcheck_cli.config.schema import Config
from gradcheck_cli.rules.base import Fix
from gradcheck_cli.rules.fixes.batches import enlarge_batch
from gradcheck_cli.rules.fixes.clipping import loosen_clipping
from gradcheck_cli.rules.fixes.recipes import calm_explosion, keep_finite, lower_rate, search_rate
from gradcheck_cli.rules.fixes.step_recipes import calm_swings, lower_far_rate, raise_far_rate, scale_steps
from tests.config.configs import load


def at_rate(lr: float, *, batch_size: int = 64) -> Config:
    return load(optimizer={"type": "SGD", "lr": lr}, trainer={"epochs": 3, "batch_size": batch_size})


def rates(config: Config, *, larger: bool) -> list[float]:
    fixes = scale_steps(config, larger=larger)
    return [edit.value for fix in fixes for edit in fix.edits if edit.path == "optimizer.lr" and len(fix.edits) == 1]


def test_tiny_steps_get_a_higher_rate() -> None:
    assert rates(at_rate(1e-5), larger=True)[0] == 0.1
    assert all(rate > 1e-5 for rate in rates(at_rate(1e-5), larger=True))


def test_huge_steps_get_a_lower_rate() -> None:
    assert all(rate < 0.2 for rate in rates(at_rate(0.2), larger=False))


def test_a_rate_that_is_far_too_high_may_be_warmed_up_but_a_low_one_is_not() -> None:
    def schedules(fixes: Iterable[Fix]) -> list[dict[str, Any]]:
        return [edit.value for fix in fixes for edit in fix.edits if edit.path == "lr_scheduler"]

    high = at_rate(5.0)
    for fixes in (lower_far_rate(high), calm_explosion(high, from_the_start=True), keep_finite(high, early=False)):
        assert [schedule["type"] for schedule in schedules(fixes)] == ["LinearLR"]
    assert not schedules(raise_far_rate(at_rate(1e-6), is_scheduled=False))


def test_swings_are_calmed_by_a_lower_rate_first() -> None:
    fix = calm_swings(at_rate(0.1))[0]
    assert [(edit.path, edit.value) for edit in fix.edits] == [("optimizer.lr", 0.01)]


def test_small_batches_are_enlarged_and_usual_ones_kept() -> None:
    fix = enlarge_batch(at_rate(0.1, batch_size=4))
    assert fix is not None
    assert [(edit.path, edit.value) for edit in fix.edits] == [("trainer.batch_size", 32)]
    assert enlarge_batch(at_rate(0.1, batch_size=32)) is None


def test_an_optimizer_that_climbs_is_turned_round_first() -> None:
    climbing = load(optimizer={"type": "SGD", "lr": 0.1, "maximize": True})
    for fixes in (lower_rate(climbing), search_rate(climbing)):
        assert [edit.path for edit in fixes[0].edits] == ["optimizer.maximize"]
    for recipe in (lower_rate, search_rate):
        assert "Minimise the loss" not in {fix.title for fix in (*recipe(at_rate(0.1)), *recipe(None))}


def test_tight_clipping_is_loosened_and_usual_clipping_kept() -> None:
    def clipped(**bounds: float) -> Config:
        return load(trainer={"epochs": 3, **bounds})

    by_norm, by_value = loosen_clipping(clipped(clip_grad_norm=1e-4)), loosen_clipping(clipped(clip_grad_value=1e-5))
    assert by_norm is not None
    assert by_value is not None
    assert [edit.path for edit in by_norm.edits] == ["trainer.clip_grad_norm"]
    assert [edit.path for edit in by_value.edits] == ["trainer.clip_grad_value", "trainer.clip_grad_norm"]
    assert loosen_clipping(clipped(clip_grad_norm=0.5)) is None
    assert loosen_clipping(clipped(clip_grad_value=0.1)) is None
