from __future__ import annotations

from dataclasses import replace

import pytest

from gradcheck_cli.diagnosis.fix_report import Attempt, FixOutcome
from gradcheck_cli.fixing.account import attach_verdicts, give_account, list_remaining
from gradcheck_cli.fixing.course import Course, Proven
from gradcheck_cli.fixing.proof import Proof
from gradcheck_cli.fixing.race import Entrant
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.fixing.verdict import judge_proof
from gradcheck_cli.rules.base import Finding, Safety, SeedCount, Severity, Verdict, VerdictOutcome
from tests.fixing.results import (
    CAUSE,
    CLIP,
    LOWER,
    MOMENTUM,
    OTHER,
    RELU,
    make_entrant,
    make_exploded,
    make_fault,
    make_result,
    make_target,
    near,
)
from tests.fixing.worlds import Scene, World, make_scene

LOST = make_result(0.3, make_fault(LOWER, MOMENTUM))
WARNING = make_fault(code=OTHER, severity=Severity.WARNING)


def prove(*after: Result) -> Proof:
    before = [LOST] * len(after)
    return Proof(judge_proof(make_target(), before=before, after=after), tuple(before), after)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return make_scene(World(lambda run: LOST), monkeypatch)


def course_of(scene: Scene, chosen: Entrant | None = None, proof: Proof | None = None, **fields: Proven) -> Course:
    """A course that has proven one of what was tried."""
    course = Course(**fields)  # type: ignore[arg-type]
    if chosen is not None and proof is not None:
        course.chosen = Proven(chosen, proof)
        course.proofs[chosen.candidate.text] = proof
    return course


def test_config_that_is_fixed(scene: Scene) -> None:
    lower, clip = make_entrant(LOWER), make_entrant(CLIP, result=make_result(0.4, make_fault()), share=0.25)
    scene.search.tried = [clip, lower]
    proof = prove(make_result(0.9), make_result(0.92), make_result(0.94))
    report = give_account(course_of(scene, lower, proof), scene.search, scene.setting)
    assert report.outcome is FixOutcome.FIXED
    assert (report.cost, report.metric, report.applied) == (1.0, 0.3, (LOWER.title,))
    assert report.before == near(0.3)
    assert report.after == near(0.92, 0.02)
    assert report.validation_loss_before == near(0.7)
    assert report.validation_loss_after == near(0.08, 0.02)
    assert [(attempt.titles, attempt.share, attempt.metric) for attempt in report.attempts] == [
        ((CLIP.title,), 0.25, 0.4),
        ((LOWER.title,), 1.0, 0.92),
    ]
    assert [attempt.verdict for attempt in report.attempts] == [None, proof.verdict]
    assert report.chosen is report.attempts[1]
    assert (report.best, report.withheld, report.output, report.remaining, report.notes) == (None, None, None, (), ())


def test_config_that_is_only_better(scene: Scene) -> None:
    lower = make_entrant(LOWER)
    scene.search.tried = [lower]
    proof = prove(*[make_result(0.7, make_fault(code="GC304"))] * 3)
    report = give_account(course_of(scene, lower, proof), scene.search, scene.setting)
    assert proof.verdict.outcome is VerdictOutcome.FIXED, "its own finding is gone"
    assert report.outcome is FixOutcome.IMPROVED
    assert [finding.rule for finding in report.remaining] == ["GC304"]


def test_warning_that_is_left_does_not_spoil_a_fix_of_an_error(scene: Scene) -> None:
    lower = make_entrant(LOWER)
    scene.search.tried = [lower]
    report = give_account(course_of(scene, lower, prove(*[make_result(0.9, WARNING)] * 3)), scene.search, scene.setting)
    assert report.outcome is FixOutcome.FIXED
    assert [finding.rule for finding in report.remaining] == [OTHER]


def test_proof_without_effect_is_no_fix(scene: Scene) -> None:
    lower = make_entrant(LOWER)
    scene.search.tried = [lower]
    proof = prove(make_result(0.9), make_result(0.9), make_result(0.8, make_fault()))
    report = give_account(course_of(scene, lower, proof), scene.search, scene.setting)
    assert report.outcome is FixOutcome.IMPROVED


def test_nothing_worked_names_the_best_attempt(scene: Scene) -> None:
    scene.search.tried = [
        make_entrant(CLIP, result=make_result(0.6, make_fault()), share=0.25),
        make_entrant(LOWER, result=make_result(0.5, make_fault())),
        make_entrant(MOMENTUM, result=make_exploded(make_fault())),
    ]
    report = give_account(Course(), scene.search, scene.setting)
    assert report.outcome is FixOutcome.NOTHING_WORKED
    assert report.chosen is None
    assert report.best is not None
    assert report.best.titles == (LOWER.title,), "by its whole run, not the short one"
    assert report.attempts[2].failed == "it ended as NaN or Inf"


def test_nothing_tried_has_no_best_attempt(scene: Scene) -> None:
    report = give_account(Course(), scene.search, scene.setting)
    assert (report.outcome, report.best, report.attempts) == (FixOutcome.NOTHING_WORKED, None, ())


def test_withheld_fix_is_not_the_best_unproven_one(scene: Scene) -> None:
    relu, lower = make_entrant(RELU), make_entrant(LOWER, result=make_result(0.5, make_fault()))
    scene.search.tried = [relu, lower]
    proof = prove(*[make_result(0.9)] * 3)
    course = Course(withheld=Proven(relu, proof), proofs={relu.candidate.text: proof})
    report = give_account(course, scene.search, scene.setting)
    assert report.outcome is FixOutcome.NOTHING_WORKED
    assert report.withheld is not None
    assert (report.withheld.titles, report.withheld.safety) == ((RELU.title,), Safety.UNSAFE)
    assert report.withheld.verdict == proof.verdict
    assert report.best is not None
    assert report.best.titles == (LOWER.title,)


def test_notes_say_what_was_not_tried(scene: Scene) -> None:
    scene.search.refused = {"Use ReLU: it does not fit": None}
    report = give_account(Course(notes=["Interrupted."]), scene.search, scene.setting)
    assert report.notes == ("Interrupted.", "Cannot be made: Use ReLU: it does not fit.")


def test_comment_that_silences_nothing_remains_without_spoiling_the_fix(scene: Scene) -> None:
    lower, remark = make_entrant(LOWER), make_fault(code="GC002", severity=Severity.WARNING)
    scene.search.tried = [lower]
    proof = prove(*[make_result(0.9, remarks=(remark,))] * 3)
    report = give_account(course_of(scene, lower, proof), scene.search, scene.setting)
    assert report.outcome is FixOutcome.FIXED
    assert [finding.rule for finding in report.remaining] == ["GC002"]


def test_budget_is_that_of_the_search(scene: Scene) -> None:
    assert give_account(Course(), scene.search, scene.setting).budget == 12.0


def test_budget_that_let_nothing_be_tried_names_the_one_that_does(scene: Scene) -> None:
    setting = replace(scene.setting, budget=3.0)
    (note,) = give_account(Course(is_out_of_budget=True), scene.search, setting).notes
    assert note == "Nothing was tried: with its proof, a search takes up to 8 full runs; try --budget 8."


def test_what_the_budget_left_undone_is_counted(scene: Scene) -> None:
    scene.search.tried = [make_entrant(LOWER)]
    scene.search.too_dear = {make_entrant(fix).candidate.titles: None for fix in (LOWER, MOMENTUM, CLIP)}
    (note,) = give_account(Course(), scene.search, scene.setting).notes
    assert note == (
        "The budget of 12 full runs left some things undone, 2 more changes among it; --budget allows more."
    ), "the first was tried all the same"
    scene.search.too_dear = {}
    assert give_account(Course(), scene.search, scene.setting).notes == ()
    (note,) = give_account(Course(is_out_of_budget=True), scene.search, scene.setting).notes
    assert note == "The budget of 12 full runs left some things undone; --budget allows more."


def test_error_on_few_seeds_remains_as_a_warning() -> None:
    remaining = list_remaining([(), (), (make_fault(),)])
    assert [(finding.rule, finding.severity, finding.seeds) for finding in remaining] == [
        (CAUSE, Severity.WARNING, SeedCount(1, 3))
    ]


def test_error_on_most_seeds_remains_one_and_notes_are_left_out() -> None:
    note = make_fault(code=OTHER, severity=Severity.INFO)
    remaining = list_remaining([(make_fault(), note), (make_fault(),), (note,)])
    assert [(finding.rule, finding.severity) for finding in remaining] == [(CAUSE, Severity.ERROR)]


def attempt(*titles: str, verdict: Verdict | None) -> Attempt:
    return Attempt(titles, Safety.SAFE, CAUSE, 1.0, 0.9, verdict=verdict)


def test_verdict_stands_beside_the_fix_that_was_proven_alone() -> None:
    verdict = prove(*[make_result(0.9)] * 3).verdict
    findings: list[Finding] = [make_fault(LOWER, MOMENTUM), make_fault(CLIP, LOWER, code=OTHER)]
    attempts = [attempt(LOWER.title, verdict=verdict), attempt(LOWER.title, CLIP.title, verdict=verdict)]
    first, second = attach_verdicts(findings, attempts)
    assert first.fixes == (replace(LOWER, verdict=verdict), MOMENTUM)
    assert second.fixes == (replace(LOWER, verdict=verdict), CLIP), "what helped comes first, two say nothing of one"
    assert (first.rule, second.rule) == (CAUSE, OTHER)
