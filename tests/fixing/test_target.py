from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gradcheck_cli.fixing.target import choose_target, list_grave
from gradcheck_cli.rules.base import Evidence, Finding, Severity
from gradcheck_cli.rules.generalization.overfitting import RISE
from tests.fixing.results import CAUSE, OTHER, make_fault, make_refused, make_result, make_target

ERROR = make_fault()
WARNING = make_fault(severity=Severity.WARNING)
NOTE = make_fault(severity=Severity.INFO)
NOTE_BY_NATURE = replace(make_fault(code="GC605", severity=Severity.INFO), level=Severity.INFO)


def make_overfitting(evidence: str = RISE) -> Finding:
    return replace(make_fault(code="GC401"), evidence=(Evidence(evidence, 0.4, 0.1, "ratio"),))


@pytest.mark.parametrize("findings", [(), (NOTE,)])
def test_healthy_run_has_no_target(findings: tuple[Finding, ...]) -> None:
    assert choose_target(make_result(0.9, *findings)) is None


def test_first_of_the_gravest_is_the_target() -> None:
    target = choose_target(make_result(0.1, ERROR, make_fault(code="GC304"), make_fault(code=OTHER)))
    assert target is not None
    assert (target.rule, target.severity, target.harmed, target.refused) == (CAUSE, Severity.ERROR, True, False)
    assert target.errors == {CAUSE, "outcome", OTHER}
    assert not target.by_loss


def test_warning_of_a_run_without_harm_is_a_target() -> None:
    target = choose_target(make_result(0.9, WARNING, NOTE))
    assert target is not None
    assert (target.severity, target.harmed, target.errors) == (Severity.WARNING, False, frozenset())


def test_harm_that_cannot_be_told_is_none() -> None:
    target = choose_target(make_result(0.9, WARNING, harmed=None))
    assert target is not None
    assert not target.harmed


SUSPECT = replace(NOTE, level=Severity.WARNING)
"""A fault that became a note because no harm was proven."""


def test_suspect_of_a_run_below_a_cheap_reference_is_a_target() -> None:
    original = make_result(0.7, NOTE_BY_NATURE, SUSPECT, make_fault(code=OTHER, severity=Severity.INFO))
    target = choose_target(original)
    assert target is not None
    assert (target.rule, target.severity, target.harmed, target.errors) == (CAUSE, Severity.INFO, False, frozenset())


@pytest.mark.parametrize(
    ("metric", "rows", "is_target"),
    [(0.86, 400, False), (0.84, 400, True), (0.84, 40, False), (0.79, 40, True), (0.92, 400, False)],
)
def test_suspect_is_a_target_only_below_the_reference_by_more_than_the_margin_of_harm(
    metric: float, rows: int, is_target: bool
) -> None:
    target = choose_target(make_result(metric, SUSPECT, rows=(1000, rows)))
    assert (target is not None) is is_target


def test_note_by_nature_of_a_run_below_a_cheap_reference_is_no_target() -> None:
    assert choose_target(make_result(0.5, NOTE_BY_NATURE)) is None


def test_suspect_where_no_reference_is_known_is_no_target() -> None:
    assert choose_target(make_result(0.5, SUSPECT, reference=math.nan)) is None
    assert choose_target(make_result(math.nan, SUSPECT)) is None


def test_warning_goes_before_a_suspect() -> None:
    target = choose_target(make_result(0.5, SUSPECT, make_fault(code=OTHER, severity=Severity.WARNING)))
    assert target is not None
    assert (target.rule, target.severity) == (OTHER, Severity.WARNING)


def test_suspect_is_met_where_it_is_gone_and_nothing_is_graver_than_a_note() -> None:
    target = make_target(severity=Severity.INFO, harmed=False, errors=frozenset())
    other = make_fault(code=OTHER, severity=Severity.INFO)
    assert target.is_met(make_result(0.9))
    assert target.is_met(make_result(0.9, other)), "other notes may stay"
    assert not target.is_met(make_result(0.9, SUSPECT))
    assert not target.is_met(make_result(0.9, replace(other, severity=Severity.WARNING)))
    assert not target.is_met(make_result(0.9, replace(other, severity=Severity.ERROR)))


def test_refused_network_is_a_target() -> None:
    target = choose_target(make_refused(ERROR))
    assert target is not None
    assert target.refused


def test_rise_of_the_validation_loss_is_judged_by_it() -> None:
    original = make_result(0.9, make_overfitting(), validation_loss=1.0, best_validation_loss=0.6)
    target = choose_target(original)
    assert target is not None
    assert target.by_loss
    assert target.highest_loss == pytest.approx(0.8)


def test_gap_in_the_metric_is_not_judged_by_the_loss() -> None:
    original = make_result(0.9, make_overfitting("gap between metrics"), validation_loss=1.0, best_validation_loss=0.6)
    target = choose_target(original)
    assert target is not None
    assert not target.by_loss
    assert target.highest_loss == math.inf


def test_finding_is_gone_where_it_is_only_lighter() -> None:
    target = make_target()
    assert not target.is_gone(make_result(0.1, ERROR))
    assert target.is_gone(make_result(0.9, WARNING))
    assert target.is_gone(make_result(0.9, make_fault(code=OTHER)))
    assert not target.is_absent(make_result(0.9, NOTE))
    assert target.is_absent(make_result(0.9, make_fault(code=OTHER)))


def test_warning_that_grew_is_not_gone() -> None:
    assert not make_target(severity=Severity.WARNING).is_gone(make_result(0.1, ERROR))


def test_target_is_met_where_nothing_as_grave_is_left() -> None:
    assert make_target().is_met(make_result(0.9, WARNING, make_fault(code=OTHER, severity=Severity.WARNING)))
    assert not make_target().is_met(make_result(0.9, make_fault(code=OTHER)))
    assert not make_target(severity=Severity.WARNING).is_met(make_result(0.9, make_fault(code=OTHER)))
    assert make_target(severity=Severity.WARNING).is_met(make_result(0.9, NOTE))


def test_error_of_another_kind_is_a_new_one() -> None:
    assert make_target().adds_errors(make_result(0.9, make_fault(code=OTHER)))
    assert not make_target().adds_errors(make_result(0.9, ERROR))
    assert not make_target().adds_errors(make_result(0.9, make_fault(code=OTHER, severity=Severity.WARNING)))


@pytest.mark.parametrize("ending", ["GC302", "GC304", "GC305", "GC402", "GC401"])
def test_another_name_for_how_a_harmed_run_ended_is_no_new_error(ending: str) -> None:
    ended = make_result(0.3, make_fault(code=ending))
    assert not make_target().adds_errors(ended)
    assert make_target(harmed=False).adds_errors(ended)


def test_any_error_is_better_than_a_refusal() -> None:
    assert not make_target(refused=True).adds_errors(make_result(0.9, make_fault(code=OTHER)))


def test_rise_must_be_undone_too() -> None:
    target = make_target(rule="GC401", by_loss=True, highest_loss=0.8)
    assert target.is_done(make_result(0.9, validation_loss=0.7))
    assert not target.is_done(make_result(0.9, validation_loss=0.9))
    assert not target.is_done(make_result(0.9, make_fault(code="GC401"), validation_loss=0.7))


def test_grave_findings_come_first_and_notes_are_left_out() -> None:
    other = make_fault(code=OTHER, severity=Severity.ERROR)
    assert list_grave([WARNING, other, NOTE], severity=Severity.ERROR) == (other, WARNING)
    assert list_grave([WARNING, other, NOTE], severity=Severity.WARNING) == (WARNING, other)


def test_notes_are_looked_at_where_the_target_is_one() -> None:
    assert list_grave([NOTE, WARNING], severity=Severity.INFO) == (NOTE, WARNING)
