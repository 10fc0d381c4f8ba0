from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.fixing.proof import Proof, fresh_seeds, prove
from gradcheck_cli.fixing.trials import Result, Trial
from gradcheck_cli.rules.base import Fix, VerdictOutcome
from tests.fixing.results import (
    LONGER,
    LOWER,
    MOMENTUM,
    SEED,
    TEXT,
    make_candidate,
    make_entrant,
    make_exploded,
    make_fault,
    make_result,
    near,
)
from tests.fixing.worlds import Play, Run, Scene, World, make_scene

FIXED, NO_EFFECT = VerdictOutcome.FIXED, VerdictOutcome.NO_EFFECT


def fixed_by(*fixes: Fix, fresh: tuple[float, ...] = (0.92,)) -> Play:
    """Well with one of the fixes; on fresh seeds it reaches these metrics in turn, with the finding below 0.3."""

    def play(run: Run) -> Result:
        if not any(map(run.has, fixes)):
            return make_result(0.3, make_fault(*fixes))
        metric = fresh[(run.seed - SEED - 1) % len(fresh)] if run.is_fresh else 0.92
        return make_result(metric, *([make_fault()] if metric < 0.3 else []))

    return play


def prove_in(
    world: World, monkeypatch: pytest.MonkeyPatch, fix: Fix = LOWER, *, limit: float = 20, **options: Any
) -> tuple[Proof | None, Scene]:
    scene = make_scene(world, monkeypatch)
    result = world.play(_search_run(fix))
    scene.trials.enter(_search_run(fix), result)
    entrant = make_entrant(fix, result=result)
    proof = prove(scene.trials, scene.target, entrant, original=TEXT, seed=SEED, limit=limit, **options)
    return proof, scene


def _search_run(fix: Fix) -> Trial:
    return Trial(make_candidate(fix).text, SEED)


def test_fresh_seeds_are_none_of_the_search() -> None:
    assert fresh_seeds(7, 3) == [8, 9, 10]
    assert fresh_seeds(7, 5)[:3] == fresh_seeds(7, 3)
    assert fresh_seeds(2**32 - 2, 3) == [2**32 - 1, 0, 1]


def test_both_run_on_three_fresh_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(fixed_by(LOWER))
    proof, scene = prove_in(world, monkeypatch)
    assert proof is not None
    assert (proof.verdict.outcome, proof.verdict.seeds) == (FIXED, 3)
    assert (len(proof.before), len(proof.after)) == (3, 3)
    ran = {(trial.text, trial.seed) for trial in world.trained}
    assert ran == {(text, seed) for text in (TEXT, make_candidate(LOWER).text) for seed in (8, 9, 10)}
    assert all(trial.share == 1.0 and not trial.overrides for trial in world.trained)
    assert scene.trials.spent == 2 + 6


def test_what_failed_on_the_first_seed_is_given_up_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(LOWER):
            return make_exploded() if run.is_fresh else make_result(0.92)
        return make_result(0.3, make_fault(LOWER))

    world = World(play)
    proof, _ = prove_in(world, monkeypatch)
    assert proof is not None
    assert (proof.verdict.outcome, proof.verdict.seeds, proof.before) == (VerdictOutcome.FAILED, 1, ())
    assert len(world.trained) == 1


def test_finding_that_returns_on_the_first_seed_ends_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(fixed_by(LOWER, fresh=(0.2, 0.92, 0.92)))
    proof, _ = prove_in(world, monkeypatch)
    assert proof is not None
    assert (proof.verdict.outcome, proof.verdict.symptom_gone, proof.verdict.gain_shown) == (NO_EFFECT, False, False)
    assert len(world.trained) == 1


def test_luck_is_given_up_where_there_is_a_rival(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if not run.has(LOWER):
            return make_result(0.3, make_fault(LOWER))
        return make_result(0.6, make_fault(code="GC304")) if run.is_fresh else make_result(0.92)

    world = World(play)
    given_up, _ = prove_in(world, monkeypatch, has_rival=True)
    assert given_up is not None
    assert given_up.verdict.seeds == 1
    proven, _ = prove_in(World(play), monkeypatch, has_rival=False)
    assert proven is not None
    assert proven.verdict.seeds == 3


def test_finding_that_returns_on_a_later_seed_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    proof, _ = prove_in(World(fixed_by(LOWER, fresh=(0.92, 0.92, 0.2))), monkeypatch)
    assert proof is not None
    assert proof.verdict.outcome is NO_EFFECT


def test_two_more_seeds_where_the_gain_varies(monkeypatch: pytest.MonkeyPatch) -> None:
    # (0.62, 0.02, 0.02) has a spread of 0.35 around 0.22; two more like the first make it 0.33 around 0.38.
    world = World(fixed_by(LOWER, fresh=(0.92, 0.32, 0.32, 0.92, 0.92)))
    proof, scene = prove_in(world, monkeypatch)
    assert proof is not None
    assert (proof.verdict.outcome, proof.verdict.seeds) == (FIXED, 5)
    assert scene.trials.spent == 2 + 10
    still, _ = prove_in(World(fixed_by(LOWER, fresh=(0.92, 0.32, 0.32, 0.32, 0.32))), monkeypatch)
    assert still is not None
    assert (still.verdict.outcome, still.verdict.seeds) == (NO_EFFECT, 5)


def test_more_seeds_only_where_they_can_be_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(fixed_by(LOWER, fresh=(0.92, 0.32, 0.32, 0.92, 0.92)))
    proof, scene = prove_in(world, monkeypatch, limit=11.9)
    assert proof is not None
    assert (proof.verdict.outcome, proof.verdict.seeds) == (NO_EFFECT, 3)
    assert scene.trials.spent == 8


@pytest.mark.parametrize("limit", [2.5, 4.0, 7.5])
def test_budget_that_ends_too_early_leaves_it_unproven(monkeypatch: pytest.MonkeyPatch, limit: float) -> None:
    proof, scene = prove_in(World(fixed_by(LOWER)), monkeypatch, limit=limit)
    assert proof is None
    assert scene.trials.spent <= limit


def test_budget_that_is_just_enough_proves(monkeypatch: pytest.MonkeyPatch) -> None:
    proof, scene = prove_in(World(fixed_by(LOWER)), monkeypatch, limit=8.0)
    assert proof is not None
    assert proof.verdict.outcome is FIXED
    assert scene.trials.spent == 8.0


def test_no_control_for_a_config_of_the_same_length(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(fixed_by(LOWER))
    prove_in(world, monkeypatch)
    assert not any(trial.overrides for trial in world.trained)


def test_no_control_where_only_the_length_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(fixed_by(LONGER))
    proof, scene = prove_in(world, monkeypatch, LONGER)
    assert proof is not None
    assert proof.verdict.outcome is FIXED
    assert not any(trial.overrides for trial in world.trained), "it would be the config itself"
    assert scene.trials.spent == 3 + 3 * (1 + 2)


def make_double(control: float) -> tuple[World, Fix]:
    """A fix that takes twice the steps and something else; as long without it, the original reaches `control`."""
    both = Fix("Train longer with momentum", LONGER.safety, "", (*LONGER.edits, *MOMENTUM.edits))

    def play(run: Run) -> Result:
        if run.has(LONGER, MOMENTUM):
            return make_result(0.92)
        metric = control if run.is_control else 0.3
        return make_result(metric, make_fault(both))

    return World(play), both


def test_control_runs_on_the_same_seeds_for_as_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    world, both = make_double(0.35)
    proof, scene = prove_in(world, monkeypatch, both)
    assert proof is not None
    assert proof.verdict.outcome is FIXED
    assert proof.verdict.control is not None
    assert proof.verdict.control.mean == pytest.approx(0.35)
    controls = [trial for trial in world.trained if trial.overrides]
    assert [(trial.text, trial.seed) for trial in controls] == [(TEXT, seed) for seed in (8, 9, 10)]
    assert all(trial.overrides == ("trainer.epochs=null", "trainer.max_steps=200") for trial in controls)
    assert scene.trials.spent == 3 + 3 * (1 + 2 + 2)


def test_gain_that_more_steps_alone_give_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    world, both = make_double(0.92)
    proof, _ = prove_in(world, monkeypatch, both)
    assert proof is not None
    assert (proof.verdict.outcome, proof.verdict.gain_shown) == (NO_EFFECT, False)


@pytest.mark.parametrize("limit", [8.0, 12.0, 14.0, 16.0, 17.9, 18.0])
def test_control_is_within_the_budget_too(monkeypatch: pytest.MonkeyPatch, limit: float) -> None:
    world, both = make_double(0.35)
    proof, scene = prove_in(world, monkeypatch, both, limit=limit)
    assert scene.trials.spent <= limit
    assert (proof is not None) is (limit >= 18)


@pytest.mark.parametrize(("limit", "is_proven"), [(11.8, True), (11.6, False)])
def test_runs_that_end_early_are_trained_seed_by_seed_with_their_controls_while_the_budget_lasts(
    monkeypatch: pytest.MonkeyPatch, limit: float, is_proven: bool
) -> None:
    # Whole runs would cost 3 * (1 + 2 + 2). Without the fix they end after a tenth, so that a seed takes 0.1 + 2 + 0.2.
    both = make_double(0.35)[1]

    def play(run: Run) -> Result:
        if run.has(LONGER, MOMENTUM):
            return make_result(0.92)
        return make_result(0.3, make_fault(both), steps=10)

    world = World(play)
    proof, scene = prove_in(world, monkeypatch, both, limit=limit)
    assert (proof is not None) is is_proven
    assert scene.trials.spent == pytest.approx(9.0 if is_proven else 6.7)
    assert [trial.seed for trial in world.trained] == [8, 8, 8, 9, 9, 9, *([10, 10, 10] if is_proven else [])]
    assert [bool(trial.overrides) for trial in world.trained[2::3]] == [True] * (3 if is_proven else 2)
    if proof is not None:
        assert proof.verdict.outcome is FIXED
        assert proof.verdict.control == near(0.3)


def test_proof_does_not_train_again_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(fixed_by(LOWER, MOMENTUM))
    scene = make_scene(world, monkeypatch)
    for fix in (LOWER, MOMENTUM, LOWER):
        prove(scene.trials, scene.target, make_entrant(fix), original=TEXT, seed=SEED, limit=20)
    assert len(world.trained) == len(set(world.trained)) == 9
