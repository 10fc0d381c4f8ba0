"""Any world, any budget, any interrupt: what holds of a search whatever it meets."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gradcheck_cli.diagnosis.exit_code import INTERRUPTED, find_exit_code
from gradcheck_cli.diagnosis.fix_report import DEFAULT_BUDGET, FixOutcome
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Evidence, Finding, Fix, Safety, Severity, VerdictOutcome
from gradcheck_cli.rules.generalization.overfitting import RISE
from tests.fixing.results import (
    CAUSE,
    CLIP,
    LEVERS,
    LOWER,
    MOMENTUM,
    OTHER,
    PLANNED,
    RELU,
    SEED,
    make_candidate,
    make_exploded,
    make_fault,
    make_refused,
    make_result,
)
from tests.fixing.worlds import Play, Run, World, account_of, fix_in

HEALTHY = 0.8


@dataclass(frozen=True)
class Dice:
    """A world thrown by chance.

    Attributes:
        seed: Of what is thrown.
        start: Metric of the original on the search seed.
        noise: By how much the metric varies from seed to seed.
        fails: Chance that a run ends as NaN.
        stops: Chance that a run that is stuck is stopped early.
        overfits: Whether the fault is a rise of the validation loss.
        refused: Whether torch refuses the original.
    """

    seed: int
    start: float
    noise: float
    fails: float
    stops: float
    overfits: bool
    refused: bool

    def play(self, run: Run) -> Result:
        """Each fix has a gain of its own; what a run ends with hangs on its config, its seed and its share alone."""
        offered = [fix for fix in LEVERS if Random(f"{self.seed} {fix.title} offered").random() < 0.7]
        gain = sum(Random(f"{self.seed} {fix.title}").gauss(0.1, 0.3) for fix in run.applied)
        throw = Random(
            f"{self.seed} {sorted(fix.title for fix in run.applied)} {run.seed} {run.share} {run.is_control}"
        )
        metric = min(0.97, max(0.05, self.start + gain * run.share + throw.gauss(0, self.noise)))
        faults = self._find_faults(metric, offered, throw)
        if self.refused and not run.applied:
            return make_refused(*faults)
        if throw.random() < self.fails:
            return make_exploded(*faults, steps=throw.randint(1, PLANNED))
        steps = throw.randint(5, 60) if faults and throw.random() < self.stops else PLANNED
        loss = throw.uniform(0.1, 1.5)
        best = throw.uniform(0.05, loss)
        return make_result(metric, *faults, steps=steps, validation_loss=loss, best_validation_loss=best)

    def _find_faults(self, metric: float, offered: list[Fix], throw: Random) -> list[Finding]:
        if metric >= HEALTHY and throw.random() < 0.8:
            return []
        severity = Severity.ERROR if throw.random() < 0.8 else Severity.WARNING
        code = "GC401" if self.overfits else throw.choice([CAUSE, OTHER, "GC304"])
        fault = make_fault(*offered[:4], code=code, severity=severity)
        if self.overfits:
            fault = Finding(
                code, "overfitting", "", "", fixes=fault.fixes, severity=severity, evidence=(Evidence(RISE, 0.4, 0.1),)
            )
        return [fault, make_fault(*offered[4:], code="GC605", severity=Severity.WARNING)]


SHARES = st.sampled_from([0.0, 0.2, 0.9])
DICE = st.builds(
    Dice,
    seed=st.integers(0, 10_000),
    start=st.floats(0.05, 0.7),
    noise=st.sampled_from([0.0, 0.02, 0.2]),
    fails=SHARES,
    stops=SHARES,
    overfits=st.booleans(),
    refused=st.booleans(),
)
BUDGETS = st.floats(1.0, 40.0)
quick = settings(derandomize=True, deadline=None, max_examples=100)


def fix_world(world: World, *, budget: float, unsafe: bool = True, jobs: int = 1) -> RunReport:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return fix_in(world, monkeypatch, budget=budget, unsafe=unsafe, jobs=jobs)


@quick
@given(dice=DICE, budget=BUDGETS, unsafe=st.booleans())
def test_budget_is_never_exceeded(dice: Dice, budget: float, unsafe: bool) -> None:
    report = account_of(fix_world(World(dice.play), budget=budget, unsafe=unsafe))
    assert report.cost <= budget + 1e-9


@quick
@given(dice=DICE, budget=BUDGETS, unsafe=st.booleans())
def test_no_run_is_trained_twice(dice: Dice, budget: float, unsafe: bool) -> None:
    world = World(dice.play)
    fix_world(world, budget=budget, unsafe=unsafe)
    assert len(world.trained) == len(set(world.trained))


@quick
@given(dice=DICE, budget=BUDGETS, unsafe=st.booleans())
def test_jobs_make_no_difference(dice: Dice, budget: float, unsafe: bool) -> None:
    one, two = (fix_world(World(dice.play), budget=budget, unsafe=unsafe, jobs=jobs) for jobs in (1, 2))
    # Of what was never trained, the metric is NaN, which equals nothing; as text it does.
    assert repr(one.fix) == repr(two.fix)
    assert one.findings == two.findings


@quick
@given(dice=DICE, budget=BUDGETS, unsafe=st.booleans())
def test_account_agrees_with_itself(dice: Dice, budget: float, unsafe: bool) -> None:
    report = account_of(fix_world(World(dice.play), budget=budget, unsafe=unsafe))
    if report.chosen is None:
        assert report.outcome in (FixOutcome.NOTHING_WORKED, FixOutcome.NOTHING_TO_FIX)
        assert (report.applied, report.before, report.after) == ((), None, None)
        return
    verdict = report.chosen.verdict
    assert report.chosen in report.attempts
    assert report.applied == report.chosen.titles
    assert verdict is not None
    assert verdict.gain_shown
    assert unsafe or report.chosen.safety is Safety.SAFE
    assert (report.outcome is FixOutcome.FIXED) <= (verdict.outcome is VerdictOutcome.FIXED)
    assert report.withheld is None or (not unsafe and report.withheld.safety is Safety.UNSAFE)


@quick
@given(dice=DICE, budget=BUDGETS, part=st.floats(0.0, 1.0, exclude_max=True), unsafe=st.booleans())
def test_interrupt_leaves_what_is_known(dice: Dice, budget: float, part: float, unsafe: bool) -> None:
    whole, world = World(dice.play), World(dice.play)
    fix_world(whole, budget=budget, unsafe=unsafe)
    assume(whole.trained)
    world.interrupt_at = int(part * len(whole.trained))
    report = fix_world(world, budget=budget, unsafe=unsafe)
    account = account_of(report)
    assert world.trained == whole.trained[: world.interrupt_at + 1]
    assert report.status is RunStatus.INTERRUPTED
    assert find_exit_code([report]) == INTERRUPTED
    assert any("Interrupted" in note for note in account.notes)
    assert account.cost <= budget + 1e-9
    assert {attempt.text for attempt in account.attempts} == {t.text for t in world.trained[:-1] if t.seed == SEED}


def stuck_without(*needed: Fix) -> Play:
    def play(run: Run) -> Result:
        if run.has(*needed):
            return make_result(0.92)
        return make_result(0.3, make_fault(LOWER, MOMENTUM, CLIP, RELU))

    return play


def test_interrupt_after_the_proof_of_a_gain_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Fresh seeds show that the first fix gains much and is not all; the user interrupts the search for what it lacks.
    def play(run: Run) -> Result:
        if run.has(LOWER, MOMENTUM):
            return make_result(0.92)
        if run.has(LOWER):
            lacking = make_fault(MOMENTUM, code=OTHER, severity=Severity.WARNING)
            return make_result(0.7, make_fault(code="GC304")) if run.is_fresh else make_result(0.92, lacking)
        return make_result(0.3, make_fault(LOWER))

    whole, world = World(play), World(play)
    assert account_of(fix_in(whole, monkeypatch, budget=40)).applied == (LOWER.title, MOMENTUM.title)
    world.interrupt_at = [trial.text for trial in whole.trained].index(make_candidate(LOWER, MOMENTUM).text)
    report = fix_in(world, monkeypatch, budget=40)
    assert report.status is RunStatus.INTERRUPTED
    assert account_of(report).applied == (LOWER.title,)
    assert account_of(report).outcome is FixOutcome.IMPROVED


def test_interrupt_while_an_unsafe_fix_is_proven_keeps_the_safe_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(RELU):
            return make_result(0.92)
        return make_result(0.85 if run.has(LOWER) else 0.3, make_fault(LOWER, CLIP, RELU))

    whole, world = World(play), World(play)
    withheld = account_of(fix_in(whole, monkeypatch, budget=60)).withheld
    assert withheld is not None
    world.interrupt_at = next(
        number for number, trial in enumerate(whole.trained) if "ReLU" in trial.text and trial.seed != SEED
    )
    report = fix_in(world, monkeypatch, budget=60)
    assert report.status is RunStatus.INTERRUPTED
    assert account_of(report).applied == (LOWER.title,)


def test_keyboard_interrupt_within_a_run_leaves_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def play(run: Run) -> Result:
        if run.has(CLIP):
            raise KeyboardInterrupt
        return stuck_without(LOWER)(run)

    report = fix_in(World(play), monkeypatch)
    assert report.status is RunStatus.INTERRUPTED
    assert account_of(report).outcome is FixOutcome.NOTHING_WORKED


def test_interrupted_search_of_one_config_is_an_account_too(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(stuck_without(LOWER))
    world.interrupt_at = 0
    report = fix_in(world, monkeypatch)
    assert account_of(report).attempts == ()
    assert report.findings[0].rule == CAUSE


def test_healthy_config_trains_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(lambda run: make_result(0.92, make_fault(LOWER, severity=Severity.INFO)))
    report = account_of(fix_in(world, monkeypatch))
    assert (report.outcome, report.cost, report.metric) == (FixOutcome.NOTHING_TO_FIX, 1.0, 0.92)
    assert world.trained == []


def suspected(fixed: float, *, original: float = 0.7) -> Play:
    """A fault that is a note, since no harm is proven, in a run that ends at `original` and with its fix at `fixed`."""
    suspect = make_fault(LOWER, CLIP, severity=Severity.INFO)

    def play(run: Run) -> Result:
        return make_result(fixed) if run.has(LOWER) else make_result(original, suspect)

    return play


def test_suspect_of_a_run_below_a_cheap_reference_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    account = account_of(fix_in(World(suspected(0.92)), monkeypatch))
    assert (account.outcome, account.applied) == (FixOutcome.FIXED, (LOWER.title,))


def test_suspect_of_a_healthy_run_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(suspected(0.97, original=0.89))
    assert account_of(fix_in(world, monkeypatch)).outcome is FixOutcome.NOTHING_TO_FIX
    assert world.trained == []


def test_default_budget_is_enough_for_a_single_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    report = fix_in(World(stuck_without(LOWER)), monkeypatch, budget=DEFAULT_BUDGET)
    account = account_of(report)
    assert (account.outcome, account.applied) == (FixOutcome.FIXED, (LOWER.title,))
    assert find_exit_code([report]) == 0
    (finding,) = report.findings
    assert {fix.title: fix.verdict is not None for fix in finding.fixes} == {
        LOWER.title: True,
        MOMENTUM.title: False,
        CLIP.title: False,
        RELU.title: False,
    }


def test_nothing_worked_has_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    report = fix_in(World(stuck_without(*LEVERS)), monkeypatch)
    assert account_of(report).outcome is FixOutcome.NOTHING_WORKED
    assert account_of(report).best is not None
    assert find_exit_code([report]) == 1


def test_withheld_fix_has_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    report = fix_in(World(stuck_without(RELU)), monkeypatch)
    account = account_of(report)
    assert (account.outcome, account.chosen) == (FixOutcome.NOTHING_WORKED, None)
    assert account.withheld is not None
    assert account.withheld.titles == (RELU.title,)
    assert find_exit_code([report]) == 1
