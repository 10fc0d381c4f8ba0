from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gradcheck_cli.fixing.race import SHORT, Entrant
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.rules.base import Evidence, Finding, Fix, Safety, Severity
from gradcheck_cli.rules.generalization.overfitting import RISE
from tests.fixing.results import (
    CLIP,
    DECAY,
    LONGER,
    LOWER,
    LOWEST,
    MOMENTUM,
    OTHER,
    RELU,
    SEED,
    TEXT,
    make_candidate,
    make_entrant,
    make_exploded,
    make_fault,
    make_result,
    make_target,
    setting,
)
from tests.fixing.worlds import Play, Run, World, make_scene

STUCK = 0.3


def heal_with(*needed: Fix, offered: tuple[Fix, ...], alone: float = STUCK, healthy: float = 0.92) -> Play:
    """A network that is well with all that is needed, reaches `alone` with part of it, and is stuck without."""

    def play(run: Run) -> Result:
        if run.has(*needed):
            return make_result(healthy)
        return make_result(alone if any(map(run.has, needed)) else STUCK, make_fault(*offered))

    return play


def look(
    world: World, monkeypatch: pytest.MonkeyPatch, *, prefer_safe: bool = False, budget: float = 12.0
) -> list[Entrant]:
    scene = make_scene(world, monkeypatch, budget=budget)
    return scene.search.look(prefer_safe=prefer_safe)


def fixes_of(entrants: list[Entrant]) -> list[tuple[Fix, ...]]:
    return [entrant.candidate.fixes for entrant in entrants]


def whole_runs(world: World) -> list[str]:
    return [trial.text for trial in world.trained if trial.share == 1.0]


def test_the_fix_that_helps_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(MOMENTUM, offered=(LOWER, MOMENTUM, CLIP)))
    ranking = look(world, monkeypatch)
    assert ranking[0].candidate.fixes == (MOMENTUM,)
    assert world.stages[:3] == [(SEED, SHORT)] * 3
    assert set(world.stages) == {(SEED, SHORT), (SEED, 1.0)}, "no seed but that of the search"


def test_whole_runs_are_only_for_those_that_are_not_clearly_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(LOWER, offered=(LOWER, MOMENTUM, CLIP, DECAY)))
    assert fixes_of(look(world, monkeypatch)) == [(LOWER,)]
    assert whole_runs(world) == [make_candidate(LOWER).text]


def test_lone_candidate_needs_no_race(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(LOWER, offered=(LOWER,)))
    assert fixes_of(look(world, monkeypatch)) == [(LOWER,)]
    assert world.stages == [(SEED, 1.0)]


def test_config_without_candidates_trains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(lambda run: make_result(STUCK, make_fault(Fix("Collect more data", Safety.ADVICE))))
    assert look(world, monkeypatch) == []
    assert world.trained == []


def race_unsafe_ones(safe: float) -> Play:
    """Two unsafe fixes that heal it, and a safe one that reaches this metric."""
    risky = replace(MOMENTUM, safety=Safety.UNSAFE)
    reached = {RELU: 0.92, MOMENTUM: 0.915, LOWER: safe}

    def play(run: Run) -> Result:
        if run.applied:
            return make_result(max(reached[fix] for fix in run.applied))
        return make_result(STUCK, make_fault(RELU, risky, LOWER))

    return play


@pytest.mark.parametrize(
    ("prefer_safe", "safe", "second"), [(True, 0.86, LOWER), (False, 0.86, MOMENTUM), (True, 0.8, MOMENTUM)]
)
def test_best_safe_fix_has_a_whole_run_where_it_is_preferred_and_not_clearly_behind(
    monkeypatch: pytest.MonkeyPatch, prefer_safe: bool, safe: float, second: Fix
) -> None:
    world = World(race_unsafe_ones(safe))
    ranking = look(world, monkeypatch, prefer_safe=prefer_safe, budget=20)
    assert whole_runs(world) == [make_candidate(fix).text for fix in (RELU, second)]
    assert [fixes[0].title for fixes in fixes_of(ranking)] == [RELU.title, second.title]


def test_safe_and_unsafe_fixes_run_one_race(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(RELU, offered=(RELU, LOWER, MOMENTUM)))
    assert fixes_of(look(world, monkeypatch, prefer_safe=True)) == [(RELU,)]
    short = [trial.text for trial in world.trained if trial.share == SHORT]
    assert short == [make_candidate(fix).text for fix in (RELU, LOWER, MOMENTUM)]


def test_search_goes_on_from_another_base(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = make_scene(World(heal_with(LOWER, MOMENTUM, offered=(LOWER, MOMENTUM), alone=0.6)), monkeypatch, budget=30)
    lower = make_entrant(LOWER, result=make_result(0.6, make_fault(MOMENTUM)))
    ranking = scene.search.look(prefer_safe=True, base=lower)
    assert ranking[0].candidate.fixes == (LOWER, MOMENTUM)
    assert all("lr: 0.01" in entrant.candidate.text for entrant in scene.search.tried if entrant.candidate.fixes[1:])


def test_runs_that_ended_before_an_interrupt_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(LOWER, offered=(LOWER, MOMENTUM, CLIP)))
    world.interrupt_at = 2
    scene = make_scene(world, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        scene.search.look(prefer_safe=False)
    assert [(entrant.candidate.fixes, entrant.share) for entrant in scene.search.tried] == [
        ((LOWER,), SHORT),
        ((MOMENTUM,), SHORT),
    ]


def test_what_the_budget_cannot_pay_is_too_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    # Twice as long, with the proof of it, the original and a control: 1 + 2 + 3 * (2 + 1 + 2) = 18.
    play = heal_with(LONGER, offered=(LONGER,))
    scene = make_scene(World(play), monkeypatch, budget=17.9)
    assert scene.search.look(prefer_safe=False) == []
    assert (list(scene.search.too_dear), scene.search.refused) == ([(LONGER.title,)], {})
    scene = make_scene(World(play), monkeypatch, budget=18)
    assert fixes_of(scene.search.look(prefer_safe=False)) == [(LONGER,)]
    assert scene.search.too_dear == {}


def test_safe_before_unsafe_at_equal_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(RELU):
            return make_result(0.925)
        return make_result(0.92) if run.has(LOWER) else make_result(STUCK, make_fault(RELU, LOWER))

    assert fixes_of(look(World(play), monkeypatch)) == [(LOWER,), (RELU,)]


def test_fix_of_the_cause_before_a_faster_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        faster = 0.0 if run.share < 1 else 0.6
        if run.has(LOWER):
            return make_result(STUCK + faster, *([] if run.share == 1 else [make_fault()]))
        if run.has(MOMENTUM):
            return make_result(0.93, make_fault(severity=Severity.INFO))
        return make_result(STUCK, make_fault(LOWER), make_fault(MOMENTUM, code=OTHER))

    ranking = look(World(play), monkeypatch)
    assert ranking[0].candidate.fixes == (LOWER,)


def test_general_recipe_where_the_fix_of_the_cause_does_not_help(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(MOMENTUM):
            return make_result(0.93)
        return make_result(STUCK, make_fault(LOWER), make_fault(MOMENTUM, code=OTHER))

    assert look(World(play), monkeypatch)[0].candidate.fixes == (MOMENTUM,)


def test_variants_of_a_run_that_failed_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # In short runs all are alike; whole ones explode with any learning rate, and momentum does nothing.
    higher = setting("optimizer.lr", 0.5)

    def play(run: Run) -> Result:
        if run.share == 1.0 and run.has(CLIP):
            return make_result(0.92)
        if run.share == 1.0 and (run.has(LOWER) or run.has(LOWEST)):
            return make_exploded(make_fault())
        return make_result(STUCK, make_fault(LOWER, LOWEST, higher, MOMENTUM, CLIP))

    world = World(play)
    assert look(world, monkeypatch, budget=20)[0].candidate.fixes == (CLIP,)
    assert whole_runs(world) == [make_candidate(fix).text for fix in (LOWER, MOMENTUM, CLIP)]


def test_no_more_whole_runs_once_one_is_good_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = (LOWER, MOMENTUM, CLIP, DECAY)

    def play(run: Run) -> Result:
        return make_result(0.92) if run.applied else make_result(STUCK, make_fault(*offered))

    world = World(play)
    look(world, monkeypatch, budget=30)
    assert whole_runs(world) == [make_candidate(fix).text for fix in offered[:2]]


def test_rule_of_the_first_finding_suggests_again_what_goes_with_a_better_config(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def play(run: Run) -> Result:
        if run.has(LOWER):
            return make_result(0.6, make_fault(code=OTHER))
        return make_result(STUCK, make_fault(LOWER, code="GC304"))

    scene = make_scene(World(play), monkeypatch, budget=30)
    scene.search.look(prefer_safe=False)
    assert any(
        entrant.candidate.fixes[0] == LOWER and len(entrant.candidate.fixes) == 2 for entrant in scene.search.tried
    )


def test_runs_that_fail_early_are_behind_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(LOWER):
            return make_exploded(make_fault())
        return make_result(0.92 if run.has(CLIP) else STUCK, *([] if run.has(CLIP) else [make_fault(LOWER, CLIP)]))

    assert look(World(play), monkeypatch)[0].candidate.fixes == (CLIP,)


def test_two_fixes_are_combined_where_one_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(LOWER, MOMENTUM, offered=(LOWER, MOMENTUM, CLIP), alone=0.6))
    ranking = look(world, monkeypatch, budget=20)
    assert set(ranking[0].candidate.fixes) == {LOWER, MOMENTUM}
    assert ranking[0].result.metric == 0.92


def test_no_round_follows_where_nothing_was_gained(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(LOWER, MOMENTUM, offered=(LOWER, MOMENTUM, CLIP), alone=STUCK + 0.01))
    ranking = look(world, monkeypatch, budget=30)
    assert all(len(entrant.candidate.fixes) == 1 for entrant in ranking)


def test_no_round_follows_where_one_fix_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(LOWER, offered=(LOWER, MOMENTUM)))
    ranking = look(world, monkeypatch, budget=30)
    assert all(len(entrant.candidate.fixes) == 1 for entrant in ranking)


def test_fix_whose_removal_loses_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    # The first gains a little and the second all: with it the first is of no use.
    def play(run: Run) -> Result:
        if run.has(MOMENTUM):
            short_of = 0.0 if run.has(LOWER) or run.share == 1 else 0.5
            return make_result(0.92 - short_of, *([make_fault()] if short_of else []))
        return make_result(0.6 if run.has(LOWER) else STUCK, make_fault(LOWER, CLIP, MOMENTUM))

    world = World(play)
    ranking = look(world, monkeypatch, budget=20)
    assert make_candidate(LOWER, MOMENTUM).text in whole_runs(world)
    assert ranking[0].candidate.fixes == (MOMENTUM,)


def test_fix_whose_removal_loses_something_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(LOWER, MOMENTUM):
            return make_result(0.92)
        if run.has(MOMENTUM):
            return make_result(0.85 if run.share == 1 else 0.4, make_fault())
        return make_result(0.6 if run.has(LOWER) else STUCK, make_fault(LOWER, CLIP, MOMENTUM))

    world = World(play)
    ranking = look(world, monkeypatch, budget=20)
    assert ranking[0].candidate.fixes == (LOWER, MOMENTUM)
    assert make_candidate(MOMENTUM).text in whole_runs(world)


def test_at_most_three_fixes_on_top_of_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = (LOWER, MOMENTUM, CLIP, DECAY, RELU)

    def play(run: Run) -> Result:
        return make_result(STUCK + 0.05 * len(run.applied), make_fault(*steps))

    ranking = look(World(play), monkeypatch, budget=100)
    assert max(len(entrant.candidate.fixes) for entrant in ranking) == 3


def overfit(fall: float, *, fix: Fix = DECAY) -> Play:
    """A validation loss that rose from 0.6 to 1.0 and ends lower by `fall` with a fix."""
    rise = Finding(
        "GC401", "overfitting", "It rises.", "", evidence=(Evidence(RISE, 0.4, 0.1),), severity=Severity.ERROR
    )

    def play(run: Run) -> Result:
        if run.has(fix):
            return make_result(0.9, validation_loss=1.0 - fall, best_validation_loss=0.6)
        # Under another code, so that the tests' fixes and no others are suggested for what is better already.
        offered = make_fault(LOWER, fix, code=OTHER, severity=Severity.WARNING)
        return make_result(0.9, rise, offered, validation_loss=1.0, best_validation_loss=0.6)

    return play


def test_overfitting_is_judged_by_the_loss_and_without_short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(overfit(0.35))
    ranking = look(world, monkeypatch)
    assert ranking[0].candidate.fixes == (DECAY,)
    assert all(share == 1.0 for _, share in world.stages)


def test_overfitting_is_not_done_while_most_of_the_rise_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = make_scene(World(overfit(0.1)), monkeypatch)
    ranking = scene.search.look(prefer_safe=True)
    assert ranking
    assert not any(scene.target.is_done(entrant.result) for entrant in ranking)


def test_refused_suggestions_are_kept_with_their_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = setting("model.layers[9]", "ReLU", title="Replace the tenth layer")
    scene = make_scene(World(heal_with(LOWER, offered=(nowhere, LOWER))), monkeypatch)
    scene.search.look(prefer_safe=False)
    assert [reason.partition(":")[0] for reason in scene.search.refused] == ["Replace the tenth layer"]


def test_everything_that_was_tried_is_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(LOWER, MOMENTUM, offered=(LOWER, MOMENTUM, CLIP), alone=0.6))
    scene = make_scene(world, monkeypatch, budget=20)
    scene.search.look(prefer_safe=False)
    texts = [entrant.candidate.text for entrant in scene.search.tried]
    assert len(texts) == len(set(texts))
    assert set(texts) == {trial.text for trial in world.trained}
    shares = {entrant.candidate.text: entrant.share for entrant in scene.search.tried}
    assert {text for text, share in shares.items() if share == 1.0} == set(whole_runs(world))


def test_no_run_is_trained_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal_with(LOWER, MOMENTUM, offered=(LOWER, MOMENTUM, CLIP, RELU), alone=0.6))
    scene = make_scene(world, monkeypatch, budget=30)
    scene.search.look(prefer_safe=True)
    scene.search.look(prefer_safe=False)
    assert len(world.trained) == len(set(world.trained))


@pytest.mark.parametrize("budget", [1.0, 4.0, 7.9, 9.0, 12.0, 30.0])
def test_search_leaves_what_a_proof_takes(monkeypatch: pytest.MonkeyPatch, budget: float) -> None:
    world = World(heal_with(LOWER, MOMENTUM, offered=(LOWER, MOMENTUM, CLIP, DECAY, RELU, LONGER), alone=0.6))
    scene = make_scene(world, monkeypatch, budget=budget)
    ranking = scene.search.look(prefer_safe=False)
    assert scene.trials.spent + 6 <= budget or not world.trained
    assert bool(ranking) is (budget >= 8)
    assert all(scene.search.can_expect_proof(entrant) for entrant in ranking)


def test_cost_of_a_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = make_scene(World(heal_with(LOWER, offered=(LOWER, LONGER))), monkeypatch)
    assert scene.search.cost_of_proof(make_entrant(LOWER)) == 6.0
    assert scene.search.room(make_entrant(LOWER)) == 12.0 - 1.0 - 6.0
    longer = make_entrant(LONGER)
    longer = replace(longer, candidate=replace(longer.candidate, length=2.0))
    assert scene.search.cost_of_proof(longer) == 3 * (2 + 1 + 2), "with a control as long"
    scene.search.is_original_proven = True
    assert scene.search.cost_of_proof(make_entrant(LOWER)) == 3.0


def test_original_that_stopped_early_makes_a_proof_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        return make_result(0.92) if run.has(LOWER) else make_result(STUCK, make_fault(LOWER), steps=10)

    scene = make_scene(World(play), monkeypatch, budget=3.5)
    assert scene.search.can_expect_proof(make_entrant(LOWER))
    scene = make_scene(World(play), monkeypatch, budget=3.3)
    assert not scene.search.can_expect_proof(make_entrant(LOWER))


def test_network_that_explodes_is_compared_with_the_trivial_predictor(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(LOWER, CLIP):
            return make_result(0.92)
        return make_result(0.5, make_fault(LOWER, CLIP)) if run.has(LOWER) else make_exploded(make_fault(LOWER, CLIP))

    scene = make_scene(World(play), monkeypatch, budget=20)
    assert math.isnan(scene.original.result.metric)
    assert set(scene.search.look(prefer_safe=False)[0].candidate.fixes) == {LOWER, CLIP}


def test_target_and_text_of_the_original_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = make_scene(World(heal_with(LOWER, offered=(LOWER,))), monkeypatch)
    assert scene.target == make_target()
    assert scene.original.candidate.text == TEXT
