from __future__ import annotations

import math

import pytest

from gradcheck_cli.fixing.race import (
    SHORT,
    Entrant,
    enter,
    is_clearly_behind,
    is_good_enough,
    leads_clearly,
    sort_entrants,
    value_of,
)
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.rules.base import Fix, Severity
from tests.fixing.results import (
    CLIP,
    DECAY,
    LOWER,
    LOWEST,
    MOMENTUM,
    OTHER,
    RELU,
    SEED,
    make_candidate,
    make_entrant,
    make_exploded,
    make_fault,
    make_result,
    make_target,
)
from tests.fixing.worlds import Run, World, make_scene

TARGET = make_target()


def order(*entrants: Entrant, target: bool = True) -> list[tuple[Fix, ...]]:
    return [entrant.candidate.fixes for entrant in sort_entrants(entrants, TARGET if target else None)]


def test_short_runs_take_their_share_on_the_search_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = {LOWER: 0.3, MOMENTUM: 0.8, CLIP: 0.5}

    def play(run: Run) -> Result:
        return make_result(max((reached[fix] for fix in run.applied), default=0.1), make_fault())

    world, told = World(play), list[Entrant]()
    trials = make_scene(world, monkeypatch).trials
    entrants = enter(trials, [make_candidate(fix) for fix in reached], seed=SEED, share=SHORT, on_entrant=told.append)
    assert [entrant.candidate.fixes for entrant in entrants] == [(LOWER,), (MOMENTUM,), (CLIP,)]
    assert order(*entrants, target=False) == [(MOMENTUM,), (CLIP,), (LOWER,)]
    assert world.stages == [(SEED, SHORT)] * 3
    assert trials.spent == pytest.approx(1 + 3 * SHORT)
    whole = enter(trials, [make_candidate(LOWER)], seed=SEED, on_entrant=told.append)
    assert [entrant.share for entrant in whole] == [1.0]
    assert told == [*entrants, *whole]
    assert trials.spent == pytest.approx(2 + 3 * SHORT)


def test_entrants_that_ran_before_an_interrupt_were_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world, told = World(lambda run: make_result(0.3, make_fault())), list[Entrant]()
    world.interrupt_at = 2
    candidates = [make_candidate(fix) for fix in (LOWER, MOMENTUM, CLIP)]
    trials = make_scene(world, monkeypatch).trials
    with pytest.raises(KeyboardInterrupt):
        enter(trials, candidates, seed=SEED, share=SHORT, on_entrant=told.append)
    assert [(entrant.candidate, entrant.share) for entrant in told] == [(c, SHORT) for c in candidates[:2]]


def test_higher_metric_is_first() -> None:
    assert order(make_entrant(LOWER, result=make_result(0.8)), make_entrant(RELU)) == [(RELU,), (LOWER,)]


def test_run_that_failed_or_has_no_metric_is_last() -> None:
    failed = make_entrant(LOWER, result=make_exploded())
    assert value_of(failed) == -math.inf
    assert order(failed, make_entrant(MOMENTUM, result=make_result(0.1, make_fault()))) == [(MOMENTUM,), (LOWER,)]
    assert order(failed, make_entrant(MOMENTUM, result=make_exploded())) == [(LOWER,), (MOMENTUM,)]


def test_of_equals_a_safe_one_is_first() -> None:
    unsafe, safe = make_entrant(RELU, result=make_result(0.925)), make_entrant(LOWER, result=make_result(0.92), place=1)
    assert order(unsafe, safe) == [(LOWER,), (RELU,)]


def test_unsafe_one_is_first_where_it_is_clearly_better() -> None:
    unsafe, safe = make_entrant(RELU, result=make_result(0.94)), make_entrant(LOWER, result=make_result(0.92))
    assert order(safe, unsafe) == [(RELU,), (LOWER,)]


def test_of_equals_fewer_fixes_are_first_then_those_of_the_cause() -> None:
    both = make_entrant(LOWER, MOMENTUM, result=make_result(0.928))
    general = make_entrant(DECAY, result=make_result(0.925), rule=OTHER)
    of_cause = make_entrant(CLIP, result=make_result(0.92), place=1)
    assert order(both, general, of_cause) == [(CLIP,), (DECAY,), (LOWER, MOMENTUM)]


def test_of_equals_of_one_kind_the_higher_metric_is_first() -> None:
    lower, higher = (
        make_entrant(LOWER, result=make_result(0.92)),
        make_entrant(CLIP, result=make_result(0.925), place=1),
    )
    assert order(lower, higher) == [(CLIP,), (LOWER,)]


def test_cause_that_is_gone_outweighs_a_faster_recipe_that_hides_it() -> None:
    hidden = make_result(0.93, make_fault(severity=Severity.INFO))
    recipe = make_entrant(MOMENTUM, result=hidden, rule=OTHER)
    assert order(recipe, make_entrant(LOWER, result=make_result(0.85), place=1)) == [(LOWER,), (MOMENTUM,)]
    assert order(recipe, make_entrant(LOWER, result=make_result(0.8), place=1)) == [(MOMENTUM,), (LOWER,)]


def test_error_that_is_left_outweighs_a_few_rows() -> None:
    graver = make_result(0.93, make_fault(code="GC304"))
    assert order(make_entrant(MOMENTUM, result=graver), make_entrant(LOWER, result=make_result(0.9))) == [
        (LOWER,),
        (MOMENTUM,),
    ]


def test_short_runs_within_noise_keep_the_order_of_the_rules() -> None:
    first = make_entrant(LOWER, result=make_result(0.30, standard_error=0.05), place=0)
    second = make_entrant(RELU, result=make_result(0.34, standard_error=0.05), place=1)
    third = make_entrant(CLIP, result=make_result(0.5, standard_error=0.05), place=2)
    assert order(second, first, third, target=False) == [(CLIP,), (LOWER,), (RELU,)]
    precise = make_entrant(RELU, result=make_result(0.34, standard_error=0.005), place=1)
    assert order(precise, first, target=False) == [(RELU,), (LOWER,)]


def test_short_runs_are_not_judged_by_findings() -> None:
    marked = make_entrant(LOWER, result=make_result(0.5, make_fault()))
    assert order(make_entrant(RELU, result=make_result(0.4)), marked, target=False) == [(LOWER,), (RELU,)]


def test_clear_lead() -> None:
    leader, behind = make_entrant(LOWER, result=make_result(0.9)), make_entrant(CLIP, result=make_result(0.7))
    close = make_entrant(CLIP, result=make_result(0.85))
    assert leads_clearly([leader, behind])
    assert not leads_clearly([leader, close, behind])
    assert leads_clearly([leader])
    assert is_clearly_behind(make_entrant(LOWEST, result=make_exploded()), leader)


@pytest.mark.parametrize(
    ("result", "good"),
    [
        (make_result(0.92), True),
        (make_result(0.88), True),
        (make_result(0.86), False),
        (make_result(0.92, make_fault()), False),
        (make_result(0.92, make_fault(code="GC304")), False),
        (make_result(0.92, make_fault(severity=Severity.WARNING)), True),
        (make_result(0.92, harmed=True), False),
        (make_result(0.92, coming_fall=0.05), False),
        (make_result(0.92, coming_fall=0.03), True),
        (make_result(0.5, reference=math.nan), True),
    ],
)
def test_good_enough_leaves_nothing_to_look_for(result: Result, good: bool) -> None:
    assert is_good_enough(result, TARGET) is good


def test_overfitting_is_good_enough_where_its_rise_is_undone() -> None:
    target = make_target(rule="GC401", by_loss=True, highest_loss=0.8)
    assert is_good_enough(make_result(0.9, validation_loss=0.7, coming_fall=0.5), target)
    assert not is_good_enough(make_result(0.9, validation_loss=0.85), target)
