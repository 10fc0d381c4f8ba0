from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.fixing.verdict import find_gain, is_noisy, judge_failure, judge_proof, spread_of, stand_in
from gradcheck_cli.rules.base import Severity, Spread, Verdict, VerdictOutcome
from tests.fixing.results import OTHER, TRIVIAL, make_exploded, make_fault, make_refused, make_result, make_target, near

FIXED, NO_EFFECT = VerdictOutcome.FIXED, VerdictOutcome.NO_EFFECT
WORSE, FAILED = VerdictOutcome.WORSE, VerdictOutcome.FAILED
HARMED = make_target()
UNHARMED = make_target(harmed=False, severity=Severity.WARNING, errors=frozenset())
RISING = make_target(rule="GC401", by_loss=True, errors=frozenset({"outcome"}))


def lost(*metrics: float, **fields: Any) -> list[Result]:
    """Runs that show the finding, one a seed."""
    return [make_result(metric, make_fault(), **fields) for metric in metrics]


def well(*metrics: float, **fields: Any) -> list[Result]:
    """Runs without it."""
    return [make_result(metric, **fields) for metric in metrics]


def judge_harmed(before: Sequence[Result], after: Sequence[Result]) -> VerdictOutcome:
    return judge_proof(HARMED, before=before, after=after).outcome


def judge_rise(loss: float, *, metric: float = 0.9) -> Verdict:
    """A validation loss that rose from 0.6 to 1.0, and ends at `loss` with the fix."""
    before = [make_result(0.9, make_fault(code="GC401"), validation_loss=1.0, best_validation_loss=0.6)] * 3
    after = well(*[metric] * 3, validation_loss=loss)
    return judge_proof(RISING, before=before, after=after)


def test_gain_on_every_seed_is_proof() -> None:
    verdict = judge_proof(HARMED, before=lost(0.3, 0.32, 0.31), after=well(0.9, 0.92, 0.91))
    assert verdict == Verdict(
        FIXED,
        seeds=3,
        before=near(0.31, 0.01),
        after=near(0.91, 0.01),
        control=near(0.31, 0.01),
        symptom_gone=True,
        gain_shown=True,
    )


def test_finding_that_returns_on_one_seed_is_not_fixed_although_the_gain_is_shown() -> None:
    verdict = judge_proof(HARMED, before=lost(0.3, 0.3, 0.3), after=[*well(0.9, 0.9), *lost(0.9)])
    assert (verdict.outcome, verdict.symptom_gone, verdict.gain_shown) == (NO_EFFECT, False, True)


def test_finding_that_is_gone_without_a_gain_is_no_proof() -> None:
    verdict = judge_proof(HARMED, before=lost(0.3, 0.3, 0.3), after=well(0.3, 0.3, 0.3))
    assert (verdict.outcome, verdict.symptom_gone, verdict.gain_shown) == (NO_EFFECT, True, False)


@pytest.mark.parametrize("last", [0.3, 0.29])
def test_one_seed_without_gain_is_no_proof(last: float) -> None:
    # The mean gain is larger than its spread, so that only the rule on single seeds decides.
    assert judge_harmed(lost(0.3, 0.3, 0.3, 0.3, 0.3), well(0.8, 0.8, 0.8, 0.8, last)) is NO_EFFECT


@pytest.mark.parametrize(("after", "outcome"), [(0.44, NO_EFFECT), (0.46, FIXED)])
def test_a_quarter_of_the_gap_must_be_closed(after: float, outcome: VerdictOutcome) -> None:
    # From 0.3 to the reference's 0.9 it is 0.6.
    assert judge_harmed(lost(0.3, 0.3, 0.3), well(after, after, after)) is outcome


@pytest.mark.parametrize(("after", "outcome"), [(0.915, NO_EFFECT), (0.925, FIXED)])
def test_the_least_gain_counts_where_there_is_no_gap(after: float, outcome: VerdictOutcome) -> None:
    # By 0.9 the original has the reference's metric; 0.02 are asked for all the same.
    assert judge_harmed(lost(0.9, 0.9, 0.9), well(after, after, after)) is outcome


def test_gap_that_is_not_known_asks_for_the_least_gain() -> None:
    before, after = lost(0.3, 0.3, 0.3), well(0.33, 0.33, 0.33)
    unknown = [replace(result, outcome=replace(result.outcome, references={})) for result in after if result.outcome]
    assert judge_harmed(before, after) is NO_EFFECT
    assert judge_harmed(before, unknown) is FIXED


@pytest.mark.parametrize(("after", "outcome"), [((0.9, 0.35, 0.35), NO_EFFECT), ((0.7, 0.5, 0.6), FIXED)])
def test_spread_above_the_gain_is_no_proof(after: tuple[float, ...], outcome: VerdictOutcome) -> None:
    assert judge_harmed(lost(0.3, 0.3, 0.3), well(*after)) is outcome


@pytest.mark.parametrize(("after", "outcome"), [(0.945, FIXED), (0.935, NO_EFFECT)])
def test_spread_is_no_doubt_where_each_seed_gains_enough_by_itself(after: float, outcome: VerdictOutcome) -> None:
    # One seed is lost by far, so that the gains have a spread of 0.36 around 0.21; 0.04, a quarter of the gap, are
    # asked for.
    assert judge_harmed(lost(0.9, 0.9, 0.9, 0.9, 0.1), well(after, 0.95, 0.95, 0.95, 0.95)) is outcome


def test_seeds_are_compared_one_by_one() -> None:
    # Over all seeds the metric varies by more than the gain; on each it is the same gain.
    assert judge_harmed(lost(0.1, 0.4, 0.7), well(0.35, 0.65, 0.95)) is FIXED


@pytest.mark.parametrize(("after", "outcome"), [(0.9, FIXED), (0.895, FIXED), (0.885, WORSE)])
def test_unharmed_run_must_not_become_worse(after: float, outcome: VerdictOutcome) -> None:
    before = [make_result(0.9, make_fault(severity=Severity.WARNING))] * 3
    assert judge_proof(UNHARMED, before=before, after=well(after, after, after)).outcome is outcome


def test_unharmed_run_may_be_lower_on_one_seed() -> None:
    before = [make_result(0.9, make_fault(severity=Severity.WARNING))] * 3
    assert judge_proof(UNHARMED, before=before, after=well(0.85, 0.93, 0.92)).outcome is FIXED


def test_unharmed_run_whose_warning_stays_is_not_fixed() -> None:
    before = [make_result(0.9, make_fault(severity=Severity.WARNING))] * 3
    assert judge_proof(UNHARMED, before=before, after=before).outcome is NO_EFFECT


@pytest.mark.parametrize(("loss", "outcome"), [(0.6, FIXED), (0.79, FIXED), (0.81, NO_EFFECT), (1.2, NO_EFFECT)])
def test_overfitting_needs_half_of_the_rise(loss: float, outcome: VerdictOutcome) -> None:
    assert judge_rise(loss).outcome is outcome


@pytest.mark.parametrize(("metric", "outcome"), [(0.895, FIXED), (0.885, WORSE)])
def test_overfitting_needs_the_metric_too(metric: float, outcome: VerdictOutcome) -> None:
    verdict = judge_rise(0.6, metric=metric)
    assert (verdict.outcome, verdict.gain_shown) == (outcome, outcome is FIXED)


def test_overfitting_needs_the_finding_to_be_gone() -> None:
    before = [make_result(0.9, make_fault(code="GC401"), validation_loss=1.0, best_validation_loss=0.6)] * 3
    after = [make_result(0.9, make_fault(code="GC401"), validation_loss=0.7)] * 3
    assert judge_proof(RISING, before=before, after=after).outcome is NO_EFFECT


def test_overfitting_with_a_loss_that_is_not_known_is_not_proven() -> None:
    assert judge_rise(math.nan).outcome is NO_EFFECT


def test_trivial_predictor_stands_in_for_an_original_that_exploded() -> None:
    before = [make_exploded(make_fault())] * 3
    verdict = judge_proof(HARMED, before=before, after=well(0.9, 0.9, 0.9))
    assert verdict.outcome is FIXED
    assert verdict.before == Spread(TRIVIAL, 0.0), "that of the validation rows, as the other is measured there"
    assert judge_harmed(before, well(TRIVIAL, TRIVIAL, TRIVIAL)) is NO_EFFECT


def test_trivial_predictor_stands_in_for_a_network_that_was_refused() -> None:
    target, before = make_target(refused=True), [make_refused(make_fault())] * 3
    verdict = judge_proof(target, before=before, after=well(0.9, 0.9, 0.9))
    assert verdict.outcome is FIXED
    assert verdict.before == Spread(TRIVIAL, 0.0)
    assert judge_proof(target, before=before, after=well(0.2, 0.2, 0.2)).outcome is NO_EFFECT


def test_network_in_place_of_none_is_better_where_no_reference_is_known() -> None:
    target, before = make_target(refused=True), [make_refused(make_fault())] * 3
    after = [replace(r, outcome=replace(r.outcome, references={})) for r in well(0.3, 0.3, 0.3) if r.outcome]
    assert judge_proof(target, before=before, after=after).outcome is FIXED
    assert judge_proof(target, before=before, after=[*after[:2], make_exploded()]).outcome is FAILED


def test_original_that_failed_on_every_seed_is_beaten_by_any_network_where_no_metric_is_known() -> None:
    before = [make_exploded(make_fault(), outcome=None)] * 3
    after = [replace(r, outcome=replace(r.outcome, references={})) for r in well(0.3, 0.3, 0.3) if r.outcome]
    assert judge_proof(HARMED, before=before, after=after).outcome is FIXED
    known = lost(0.3)
    assert judge_proof(HARMED, before=[*before[:2], *known], after=after).outcome is NO_EFFECT


def test_stand_in_of_an_original_with_a_metric_is_that_metric() -> None:
    assert stand_in(make_result(0.3), make_result(0.9)) == 0.3
    assert find_gain(make_result(0.3), make_result(0.9)) == pytest.approx(0.6)
    assert math.isnan(find_gain(make_result(0.3), make_exploded()))


@pytest.mark.parametrize(("shown", "outcome"), [(1, FIXED), (2, NO_EFFECT), (3, NO_EFFECT)])
def test_new_error_counts_where_half_of_the_seeds_show_it(shown: int, outcome: VerdictOutcome) -> None:
    new = [make_result(0.9, make_fault(code=OTHER))] * shown
    verdict = judge_proof(HARMED, before=lost(0.3, 0.3, 0.3), after=[*new, *well(*[0.9] * (3 - shown))])
    assert verdict.outcome is outcome
    assert verdict.gain_shown is (outcome is FIXED)


def test_new_warning_is_no_hindrance() -> None:
    after = [make_result(0.9, make_fault(code=OTHER, severity=Severity.WARNING))] * 3
    assert judge_harmed(lost(0.3, 0.3, 0.3), after) is FIXED


@pytest.mark.parametrize(("after", "outcome"), [(0.28, WORSE), (0.295, NO_EFFECT)])
def test_lower_metric_is_worse(after: float, outcome: VerdictOutcome) -> None:
    assert judge_harmed(lost(0.3, 0.3, 0.3), lost(after, after, after)) is outcome


@pytest.mark.parametrize("failure", [make_exploded(), make_refused()])
def test_one_run_that_fails_is_a_failure(failure: Result) -> None:
    verdict = judge_proof(HARMED, before=lost(0.3, 0.3, 0.3), after=[*well(0.9, 0.9), failure])
    assert (verdict.outcome, verdict.gain_shown, verdict.after) == (FAILED, False, None)


def test_failure_goes_before_worse() -> None:
    assert judge_harmed(lost(0.3, 0.3, 0.3), [*lost(0.1, 0.1), make_exploded()]) is FAILED


def test_control_stands_in_for_the_original() -> None:
    before, after = lost(0.3, 0.3, 0.3), well(0.9, 0.9, 0.9)
    as_good = judge_proof(HARMED, before=before, after=after, control=lost(0.89, 0.9, 0.91))
    assert as_good.outcome is NO_EFFECT
    assert as_good.before == near(0.3)
    assert as_good.control == near(0.9, 0.01)
    still_lost = judge_proof(HARMED, before=before, after=after, control=lost(0.35, 0.35, 0.35))
    assert still_lost.outcome is FIXED


def test_control_that_is_better_makes_the_config_worse() -> None:
    verdict = judge_proof(HARMED, before=lost(0.3, 0.3, 0.3), after=well(0.5, 0.5, 0.5), control=well(0.8, 0.8, 0.8))
    assert verdict.outcome is WORSE


def test_metrics_on_other_validation_rows_are_not_compared() -> None:
    before = lost(0.95, 0.95, 0.95)
    assert judge_harmed(before, well(0.7, 0.7, 0.7, rows=(900, 300))) is FIXED
    assert judge_harmed(before, well(0.7, 0.7, 0.7, rows=(900, 300), harmed=True)) is NO_EFFECT
    assert judge_harmed(before, well(0.7, 0.7, 0.7, rows=(900, 400))) is WORSE


def test_metric_that_nobody_measured_leaves_the_finding_to_decide() -> None:
    before = [make_result(math.nan, make_fault(severity=Severity.WARNING))] * 3
    after = [make_result(math.nan)] * 3
    unmeasured = [replace(r, outcome=replace(r.outcome, train_metric=math.nan)) for r in before + after if r.outcome]
    before, after = unmeasured[:3], unmeasured[3:]
    assert judge_proof(UNHARMED, before=before, after=after).outcome is FIXED
    assert judge_proof(UNHARMED, before=before, after=before).outcome is NO_EFFECT
    assert judge_proof(HARMED, before=before, after=after).outcome is NO_EFFECT


def test_training_rows_are_compared_where_there_is_no_validation() -> None:
    def seen(metric: float, *findings: Any) -> Result:
        result = make_result(math.nan, *findings, rows=(1000, 0))
        assert result.outcome is not None
        return replace(result, outcome=replace(result.outcome, train_metric=metric))

    verdict = judge_proof(HARMED, before=[seen(0.2, make_fault())] * 3, after=[seen(0.9)] * 3)
    assert verdict.outcome is FIXED
    assert verdict.after == near(0.9)


def test_verdict_on_what_was_given_up_has_no_original() -> None:
    verdict = judge_failure(HARMED, [make_exploded()])
    assert verdict == Verdict(FAILED, 1, None, None, None, symptom_gone=True, gain_shown=False)
    verdict = judge_failure(HARMED, lost(0.4))
    assert verdict == Verdict(NO_EFFECT, 1, None, Spread(0.4, 0.0), None, symptom_gone=False, gain_shown=False)


def test_more_seeds_help_where_the_gain_varies() -> None:
    before = lost(0.3, 0.3, 0.3)
    assert is_noisy(HARMED, before, well(0.9, 0.31, 0.32))
    assert not is_noisy(HARMED, before, well(0.9, 0.9, 0.9))
    assert not is_noisy(HARMED, before, well(0.5, 0.1, 0.3)), "on the mean there is no gain"
    assert not is_noisy(HARMED, before, [*well(0.9, 0.31), make_exploded()])
    assert not is_noisy(UNHARMED, before, well(0.9, 0.31, 0.32))
    assert not is_noisy(RISING, before, well(0.9, 0.31, 0.32))
    assert not is_noisy(HARMED, before[:1], well(0.9))


def test_spread_is_the_sample_standard_deviation() -> None:
    assert spread_of([0.1, 0.3]) == near(0.2, math.sqrt(0.02))
    assert spread_of([0.5]) == Spread(0.5, 0.0)
    assert spread_of([]) is None
    assert spread_of([0.5, math.nan]) is None
