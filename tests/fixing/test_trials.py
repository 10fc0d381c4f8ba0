from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from gradcheck_cli.diagnosis.check import CheckOptions
from gradcheck_cli.diagnosis.report import Harm, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.fixing import trials as trials_module
from gradcheck_cli.fixing.trials import Result, Trial, Trials, summarize
from gradcheck_cli.recording.history import RunStatus
from tests.fixing.results import (
    CAUSE,
    LOWER,
    LOWEST,
    MOMENTUM,
    TEXT,
    TRIVIAL,
    TRIVIAL_IN_TRAINING,
    make_candidate,
    make_fault,
    make_result,
)
from tests.fixing.worlds import Run, World, install
from tests.histories import make_description, make_epochs, make_history, make_outcome, make_reference, make_report

FIRST = Trial(TEXT, 7)


def play_well(run: Run) -> Result:
    return make_result(0.9 if run.has(LOWER) else 0.5)


def make_trials(world: World, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Trials:
    install(world, monkeypatch)
    trials = Trials("x.yaml", CheckOptions(), **fields)
    trials.enter(FIRST, world.original)
    return trials


class Spy:
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def started(self, name: str, *, budget: float) -> None:
        self.told.append(("started", name, budget))

    def trying(self, label: str, *, stage: str) -> None:
        self.told.append(("trying", label, stage))

    def tried(self, label: str, metric: float, *, spent: float) -> None:
        self.told.append(("tried", label, metric, spent))

    def leads(self, label: str, metric: float) -> None:
        self.told.append(("leads", label, metric))

    def finished(self) -> None:
        self.told.append(("finished",))


def test_each_trial_is_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(play_well)
    trials = make_trials(world, monkeypatch)
    lower = Trial(make_candidate(LOWER).text, 7)
    first = trials.run([FIRST, lower], labels=["the original", "lower"], stage="test")
    again = trials.run([lower, FIRST], labels=["lower", "the original"], stage="test")
    assert [result.metric for result in first] == [0.5, 0.9]
    assert again == first[::-1]
    assert world.trained == [lower], "the original was entered"
    assert trials.spent == 2.0


def test_trial_that_is_asked_for_twice_at_once_is_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(play_well)
    lower = Trial(make_candidate(LOWER).text, 7)
    results = make_trials(world, monkeypatch).run([lower, lower], labels=["a", "b"], stage="test")
    assert len(results) == 2
    assert world.trained == [lower]


def test_seed_share_and_overrides_make_another_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(play_well)
    others = [replace(FIRST, seed=8), replace(FIRST, share=0.25), replace(FIRST, overrides=("trainer.max_steps=200",))]
    trials = make_trials(world, monkeypatch)
    trials.run(others, labels=["seed", "share", "longer"], stage="test")
    assert world.trained == others
    assert trials.spent == pytest.approx(1 + 1 + 0.25 + 2)


def test_steps_are_counted_in_runs_of_the_original(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = make_trials(World(lambda run: make_result(0.5, steps=40)), monkeypatch)
    assert trials.spent == 0.4
    assert trials.cost_of(make_result(steps=150, planned_steps=200)) == 1.5
    assert trials.length_of(make_result(steps=150, planned_steps=200)) == 2.0


def test_network_that_was_refused_costs_nothing_and_the_next_tells_the_length() -> None:
    trials = Trials("x.yaml", CheckOptions())
    refused = make_result(steps=0, planned_steps=None)
    trials.enter(FIRST, refused)
    assert trials.spent == 0.0
    assert trials.length_of(refused) == 1.0
    trials.enter(replace(FIRST, seed=8), make_result(steps=50, planned_steps=200))
    assert trials.spent == 0.25


def test_parallel_runs_give_equal_results(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [Trial(make_candidate(fix).text, seed) for fix in (LOWER, LOWEST, MOMENTUM) for seed in (7, 8)]
    labels = [str(number) for number in range(len(runs))]
    one, many = (make_trials(World(play_well), monkeypatch, jobs=jobs) for jobs in (1, 2))
    assert one.run(runs, labels=labels, stage="test") == many.run(runs, labels=labels, stage="test")
    assert one.spent == many.spent == 7.0


def test_interrupted_run_ends_it_and_what_was_done_before_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(play_well)
    world.interrupt_at = 1
    trials = make_trials(world, monkeypatch)
    runs = [Trial(make_candidate(fix).text, 7) for fix in (LOWER, LOWEST, MOMENTUM)]
    with pytest.raises(KeyboardInterrupt):
        trials.run(runs, labels=["1", "2", "3"], stage="test")
    assert world.trained == runs[:2]
    assert trials.spent == 2.0
    world.interrupt_at = None
    trials.run(runs, labels=["1", "2", "3"], stage="test")
    assert world.trained == [*runs[:2], *runs[1:]]


def test_each_result_is_told_as_soon_as_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    world, told = World(play_well), list[tuple[Trial, float]]()
    world.interrupt_at = 1
    trials = make_trials(world, monkeypatch)
    lower, lowest = (Trial(make_candidate(fix).text, 7) for fix in (LOWER, LOWEST))
    with pytest.raises(KeyboardInterrupt):
        trials.run(
            [lower, FIRST, lowest],
            labels=["lower", "the original", "lowest"],
            stage="test",
            on_result=lambda trial, result: told.append((trial, result.metric)),
        )
    assert told == [(FIRST, 0.5), (lower, 0.9)], "what was known, then what has run"


def test_process_that_is_killed_fails_its_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_first(calls: Sequence[Callable[[], Result]], *, jobs: int, on_lost: Callable[[int], Result]) -> Any:
        return iter([on_lost(0), *(call() for call in calls[1:])])

    trials = make_trials(World(play_well), monkeypatch, jobs=2)
    monkeypatch.setattr(trials_module, "run_in_parallel", lose_first)
    runs = [Trial(make_candidate(fix).text, 7) for fix in (LOWEST, LOWER)]
    lost, well = trials.run(runs, labels=["lost", "well"], stage="test")
    assert lost.failed
    assert math.isnan(lost.metric)
    assert well.metric == 0.9
    assert trials.spent == 2.0, "what was lost costs nothing"


def test_watcher_is_told_of_every_run_before_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy()
    trials = make_trials(World(play_well), monkeypatch, watcher=spy)
    runs = [FIRST, Trial(make_candidate(LOWER).text, 7), Trial(make_candidate(LOWEST).text, 7)]
    trials.run(runs, labels=["the original", "lower", "lowest"], stage="whole run")
    assert spy.told == [
        ("trying", "lower", "whole run"),
        ("tried", "lower", 0.9, 2.0),
        ("trying", "lowest", "whole run"),
        ("tried", "lowest", 0.5, 3.0),
    ]


def test_seed_of_a_trial_goes_over_that_of_the_command_and_nothing_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, CheckOptions, str]] = []

    def check_text(text: str, options: CheckOptions, *, source: str) -> RunReport:
        asked.append((text, options, source))
        return make_report().runs[0]

    monkeypatch.setattr(trials_module, "check_text", check_text)
    trials = Trials("folder/x.yaml", CheckOptions(overrides=("seed=3", "trainer.epochs=2"), full=True))
    trial = Trial(TEXT, 9, 0.5, overrides=("trainer.max_steps=8",))
    trials.run([trial], labels=["x"], stage="test")
    expected = ("seed=3", "trainer.epochs=2", "trainer.max_steps=8", "seed=9")
    assert asked == [(TEXT, CheckOptions(overrides=expected, share=0.5, save=False, full=True), "folder/x.yaml")]


def test_what_is_kept_of_a_report() -> None:
    losses = [1.0, 0.4, math.nan, 0.7]
    history = make_history(
        make_description(planned_steps=400),
        steps_done=80,
        epochs=make_epochs(4, validation_loss=losses),
        outcome=make_outcome(0.8, validation_loss=0.7),
    )
    result = summarize(make_report(make_fault(), history=history).runs[0])
    assert (result.steps, result.planned_steps, result.rows) == (80, 400, (1280, 320))
    assert (result.metric, result.trivial, result.reference, result.validation_loss) == (0.8, 0.1, 0.97, 0.7)
    assert result.best_validation_loss == 0.4
    assert result.harmed
    assert result.errors == {CAUSE}
    assert result.failed == ""


def test_run_without_validation_is_measured_on_the_training_rows() -> None:
    seen = {"trivial": make_reference(0.2, value=0.7)}
    outcome = make_outcome(math.nan, train_metric=0.7, references={}, train_references=seen)
    description = make_description(data=replace(make_description().data, validation_rows=0))
    result = summarize(make_report(history=make_history(description, epochs=None, outcome=outcome)).runs[0])
    assert result.metric == 0.7
    assert result.trivial == 0.2
    assert math.isnan(result.best_validation_loss)
    assert math.isnan(result.reference)


@pytest.mark.parametrize(
    ("rows", "trivial"), [(400, TRIVIAL), (None, TRIVIAL), (0, TRIVIAL_IN_TRAINING)], ids=["some", "unknown", "none"]
)
def test_trivial_predictor_is_of_the_split_that_is_measured(rows: int | None, trivial: float) -> None:
    assert make_result(0.9, rows=(1000, rows)).trivial == trivial


def test_run_that_ended_as_nan_has_no_metric() -> None:
    report = make_report(history=make_history(status=RunStatus.DIVERGED), harm=Harm(True, "c", "")).runs[0]
    result = summarize(report)
    assert result.failed
    assert math.isnan(result.metric)


def test_refused_network_counts_as_harmed() -> None:
    report = replace(make_report(make_fault()).runs[0], history=None, errors=(Problem("loss", "does not fit"),))
    result = summarize(report)
    assert result.harmed
    assert result.planned_steps is None
    assert "does not fit" in result.refused
    assert "does not fit" in result.failed
    assert math.isnan(result.metric)
