from __future__ import annotations

import pytest

from gradcheck_cli.fixing.account import give_account
from gradcheck_cli.fixing.course import MOST_PROOFS, Course, follow
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.rules.base import Fix, Safety, Severity, VerdictOutcome
from tests.fixing.results import (
    CLIP,
    DECAY,
    LOWER,
    MOMENTUM,
    OTHER,
    RELU,
    SEED,
    make_candidate,
    make_exploded,
    make_fault,
    make_result,
)
from tests.fixing.worlds import Play, Run, Scene, World, make_scene

STUCK = 0.3


def follow_in(
    world: World, monkeypatch: pytest.MonkeyPatch, *, unsafe: bool = True, budget: float = 12.0
) -> tuple[Course, Scene]:
    scene, course = make_scene(world, monkeypatch, budget=budget), Course()
    follow(course, scene.search, scene.setting, unsafe=unsafe)
    return course, scene


def heal(*fixes: Fix, offered: tuple[Fix, ...]) -> Play:
    """Any of these fixes makes it well, and no other does anything."""

    def play(run: Run) -> Result:
        return make_result(0.92) if any(map(run.has, fixes)) else make_result(STUCK, make_fault(*offered))

    return play


def chosen_fixes(course: Course) -> tuple[Fix, ...]:
    return course.chosen.entrant.candidate.fixes if course.chosen is not None else ()


def test_fix_that_is_proven_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    course, scene = follow_in(World(heal(MOMENTUM, offered=(LOWER, MOMENTUM))), monkeypatch)
    assert chosen_fixes(course) == (MOMENTUM,)
    assert course.chosen is not None
    assert course.chosen.proof.verdict.outcome is VerdictOutcome.FIXED
    assert list(course.proofs) == [make_candidate(MOMENTUM).text]
    assert course.withheld is None
    assert course.notes == []
    assert scene.trials.spent <= 12


def test_winner_that_fails_on_fresh_seeds_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(LOWER):
            return make_result(STUCK, make_fault()) if run.is_fresh else make_result(0.95)
        return make_result(0.92) if run.has(MOMENTUM) else make_result(STUCK, make_fault(LOWER, MOMENTUM))

    course, _ = follow_in(World(play), monkeypatch)
    assert chosen_fixes(course) == (MOMENTUM,)
    assert list(course.proofs) == [make_candidate(LOWER).text, make_candidate(MOMENTUM).text]
    assert course.proofs[make_candidate(LOWER).text].verdict.outcome is VerdictOutcome.NO_EFFECT


def test_winner_that_explodes_on_fresh_seeds_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(LOWER):
            return make_exploded(make_fault()) if run.is_fresh else make_result(0.95)
        return make_result(0.92) if run.has(MOMENTUM) else make_result(STUCK, make_fault(LOWER, MOMENTUM))

    course, _ = follow_in(World(play), monkeypatch)
    assert chosen_fixes(course) == (MOMENTUM,)
    assert course.proofs[make_candidate(LOWER).text].verdict.outcome is VerdictOutcome.FAILED


def test_nothing_is_chosen_where_nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    course, scene = follow_in(World(heal(offered=(LOWER, MOMENTUM, RELU))), monkeypatch)
    assert (course.chosen, course.withheld, course.proofs) == (None, None, {})
    assert scene.trials.spent <= 12


def test_nothing_is_chosen_where_there_is_nothing_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    course, scene = follow_in(World(heal(offered=())), monkeypatch)
    assert (course.chosen, course.withheld, course.proofs) == (None, None, {})
    assert scene.trials.spent == 1.0


def test_config_that_was_lucky_on_the_search_seed_alone_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        lucky = run.applied and not run.is_fresh
        return make_result(0.92) if lucky else make_result(STUCK, make_fault(LOWER, MOMENTUM, CLIP, DECAY))

    world = World(play)
    course, scene = follow_in(world, monkeypatch, budget=40)
    assert course.chosen is None
    assert course.proofs
    assert len({trial.text for trial in world.trained if trial.seed != scene.setting.seed}) <= MOST_PROOFS**2 + 1


def test_safe_fix_is_taken_where_unsafe_ones_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal(LOWER, RELU, offered=(RELU, LOWER)))
    course, _ = follow_in(world, monkeypatch, unsafe=False)
    assert chosen_fixes(course) == (LOWER,)
    assert course.withheld is None
    assert list(course.proofs) == [make_candidate(LOWER).text]
    assert make_candidate(RELU).text not in {trial.text for trial in world.trained if trial.seed != SEED}


def test_unsafe_fix_alone_that_works_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal(RELU, offered=(RELU, LOWER)))
    course, scene = follow_in(world, monkeypatch, unsafe=False)
    assert course.chosen is None
    assert course.withheld is not None
    assert course.withheld.entrant.candidate.fixes == (RELU,)
    assert course.withheld.proof.verdict.outcome is VerdictOutcome.FIXED
    assert scene.trials.spent <= 12


def test_unsafe_fix_is_chosen_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    course, _ = follow_in(World(heal(RELU, offered=(RELU, LOWER))), monkeypatch, unsafe=True)
    assert chosen_fixes(course) == (RELU,)
    assert course.withheld is None


def test_safe_fix_that_helps_a_little_stays_beside_an_unsafe_one_that_heals(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(RELU):
            return make_result(0.92)
        return make_result(0.85 if run.has(LOWER) else STUCK, make_fault(LOWER, RELU, code="GC603"))

    course, _ = follow_in(World(play), monkeypatch, unsafe=False, budget=30)
    assert chosen_fixes(course) == (LOWER,)
    assert course.chosen is not None
    assert course.chosen.entrant.candidate.safety is Safety.SAFE
    assert course.withheld is not None
    assert RELU in course.withheld.entrant.candidate.fixes


def test_safe_fix_that_is_clearly_behind_an_unsafe_one_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(RELU):
            return make_result(0.92)
        return make_result(0.7 if run.has(LOWER) else STUCK, make_fault(LOWER, RELU))

    course, _ = follow_in(World(play), monkeypatch, unsafe=False, budget=30)
    assert course.chosen is None
    assert course.withheld is not None
    assert course.withheld.entrant.candidate.fixes == (RELU,)
    assert list(course.proofs) == [make_candidate(RELU).text]


def test_unsafe_fix_is_proven_only_after_the_safe_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(LOWER):
            return make_result(STUCK, make_fault()) if run.is_fresh else make_result(0.92)
        return make_result(0.95) if run.has(RELU) else make_result(STUCK, make_fault(RELU, LOWER))

    course, _ = follow_in(World(play), monkeypatch, unsafe=False, budget=30)
    assert course.chosen is None
    assert course.withheld is not None
    assert list(course.proofs) == [make_candidate(LOWER).text, make_candidate(RELU).text]


def test_what_is_proven_is_on_the_course_when_the_next_proof_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(RELU) and run.is_fresh:
            raise KeyboardInterrupt
        if run.has(RELU):
            return make_result(0.92)
        return make_result(0.85 if run.has(LOWER) else STUCK, make_fault(LOWER, RELU))

    scene, course = make_scene(World(play), monkeypatch, budget=30), Course()
    with pytest.raises(KeyboardInterrupt):
        follow(course, scene.search, scene.setting, unsafe=False)
    assert chosen_fixes(course) == (LOWER,)
    assert course.withheld is None
    assert {entrant.candidate.fixes for entrant in course.ranking} == {(LOWER,), (RELU,)}


def test_gain_that_leaves_the_finding_is_taken_where_nothing_heals(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        return make_result(0.6 if run.has(LOWER) else STUCK, make_fault(LOWER, MOMENTUM))

    course, _ = follow_in(World(play), monkeypatch)
    assert chosen_fixes(course) == (LOWER,)
    assert course.chosen is not None
    assert course.chosen.proof.verdict.outcome is VerdictOutcome.NO_EFFECT
    assert course.chosen.proof.verdict.gain_shown


def test_search_goes_on_from_a_proven_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    # On the search seed the first fix seems to be all; fresh seeds show that it needs the second.
    lacking = make_fault(MOMENTUM, code=OTHER, severity=Severity.WARNING)

    def play(run: Run) -> Result:
        if run.has(LOWER, MOMENTUM):
            return make_result(0.92)
        if run.has(LOWER):
            return make_result(0.7, make_fault(code="GC304")) if run.is_fresh else make_result(0.92, lacking)
        return make_result(STUCK, make_fault(LOWER))

    world = World(play)
    course, _ = follow_in(world, monkeypatch, budget=40)
    assert chosen_fixes(course) == (LOWER, MOMENTUM)
    assert list(course.proofs) == [make_candidate(LOWER).text, make_candidate(LOWER, MOMENTUM).text]


@pytest.mark.parametrize("budget", [1.0, 3.0, 7.5])
def test_budget_that_holds_no_proof_is_said(monkeypatch: pytest.MonkeyPatch, budget: float) -> None:
    world = World(heal(LOWER, offered=(LOWER, MOMENTUM)))
    course, scene = follow_in(world, monkeypatch, budget=budget)
    assert course.chosen is None
    assert course.is_out_of_budget
    assert scene.trials.spent <= budget
    assert world.trained == []


def test_budget_that_is_named_to_one_with_too_little_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    play = heal(LOWER, offered=(LOWER, MOMENTUM))
    course, scene = follow_in(World(play), monkeypatch, budget=2)
    (note,) = give_account(course, scene.search, scene.setting).notes
    assert note.endswith("try --budget 8.")
    course, _ = follow_in(World(play), monkeypatch, budget=8)
    assert chosen_fixes(course) == (LOWER,)
    course, _ = follow_in(World(play), monkeypatch, budget=7.9)
    assert course.chosen is None


def test_budget_with_room_to_spare_is_not_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    course, _ = follow_in(World(heal(LOWER, offered=(LOWER, MOMENTUM))), monkeypatch, budget=30)
    assert not course.is_out_of_budget


def test_proof_is_not_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(heal(RELU, offered=(RELU, LOWER, MOMENTUM)))
    follow_in(world, monkeypatch, unsafe=False, budget=40)
    assert len(world.trained) == len(set(world.trained))
