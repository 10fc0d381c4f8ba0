"""Two processes record, per layer and step, what one process on the whole batch does."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import fields
from functools import cache

import numpy as np
import pytest

from gradcheck_cli.recording.history import History, Quantity, RunStatus
from tests.distributed.cases import CASES, RUNS
from tests.distributed.launching import PROCESSES, launch
from tests.distributed.own_loop import SHAPES, record, record_publicly
from tests.distributed.worker import Found, Job, train_case

alone: Callable[[str], History] = cache(lambda case: train_case(CASES[case], "auto"))
"""The same run in this process."""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """What the first of two processes recorded: of each case by each strategy, and in a loop of somebody's own."""
    target = tmp_path_factory.mktemp("distributed") / "found.pickle"
    done = launch("tests.distributed.worker", str(target))
    assert done.returncode == 0, done.stderr
    recorded: Job = pickle.loads(target.read_bytes())
    return recorded


@pytest.fixture(scope="module")
def found(job: Job) -> Found:
    """The first part."""
    return job[0]


def same(first: object, second: object) -> bool:
    """Float tolerance: sums over rows are taken in another order."""
    return np.allclose(first, second, rtol=2e-4, atol=1e-7, equal_nan=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(("case", "strategy"), RUNS)
def test_every_step_is_that_of_one_process(found: Found, case: str, strategy: str) -> None:
    one, two = alone(case), found[case, strategy]
    assert one.steps is not None
    assert two.steps is not None
    for field in fields(one.steps):
        assert same(getattr(one.steps, field.name), getattr(two.steps, field.name)), field.name
    assert (one.status, one.steps_done, one.symmetric_at_end) == (two.status, two.steps_done, two.symmetric_at_end)


@pytest.mark.parametrize(("case", "strategy"), RUNS)
def test_every_layer_is_that_of_one_process(found: Found, case: str, strategy: str) -> None:
    one, two = alone(case).signals, found[case, strategy].signals
    assert one.keys() == two.keys()
    for quantity, signal in one.items():
        other = two[quantity]
        assert signal.rows == other.rows, quantity
        assert np.array_equal(signal.steps, other.steps), quantity
        assert np.array_equal(signal.known, other.known), quantity
        assert same(signal.values, other.values), quantity


@pytest.mark.parametrize(("case", "strategy"), RUNS)
def test_evaluations_are_those_of_one_process(found: Found, case: str, strategy: str) -> None:
    one, two = alone(case), found[case, strategy]
    assert one.epochs is not None
    assert two.epochs is not None
    for field in fields(one.epochs):
        if field.name != "seconds":
            assert same(getattr(one.epochs, field.name), getattr(two.epochs, field.name)), field.name
    assert one.through_time.keys() == two.through_time.keys()
    assert all(same(one.through_time[name].norms, two.through_time[name].norms) for name in one.through_time)


def test_the_cases_are_not_trivial() -> None:
    """What is compared is neither zero nor the same at each step, and parts of a batch differ."""
    gradients = alone("mlp").signals[Quantity.GRADIENT_NORM]
    assert gradients.known.all()
    assert (gradients.values > 1e-5).all()
    assert not np.allclose(gradients.values[:, 0], gradients.values[:, -1], rtol=1e-2)
    assert (alone("accumulated").steps.clip_factor < 1).any()  # type: ignore[union-attr]
    assert alone("dead").signals[Quantity.GRADIENT_NORM].row("first.weight").any()
    assert alone("uneven").description.steps_per_epoch == PROCESSES


def test_the_origin_of_nan_is_found_on_whole_batches(found: Found) -> None:
    one, two = alone("broken"), found["broken", "ddp"]
    assert one.status is RunStatus.DIVERGED
    assert one.non_finite is not None
    assert one.non_finite.origin
    assert two.non_finite == one.non_finite


def test_sharded_weights_hide_the_origin_and_the_report_says_so(found: Found) -> None:
    two = found["broken", "fsdp"]
    assert two.non_finite is not None
    assert two.non_finite.origin == ""
    assert any("not looked for under fsdp" in note for note in two.notes)


@pytest.mark.parametrize("kind", ["ddp", *SHAPES])
def test_a_loop_of_ones_own_records_what_one_process_does(job: Job, kind: str) -> None:
    """The averaged gradient, once; norms of pieces summed over those who hold pieces, and over no copies."""
    one, two = record(kind), job[1][kind]
    assert same(one.steps.gradient_norm, two.steps.gradient_norm)
    assert one.signals.keys() == two.signals.keys()
    for quantity, signal in one.signals.items():
        assert np.array_equal(signal.known, two.signals[quantity].known), quantity
        assert same(signal.values, two.signals[quantity].values), quantity


@pytest.mark.parametrize("kind", ["ddp", *SHAPES])
def test_the_recorder_for_any_loop_measures_whole_weights_and_gradients(job: Job, kind: str) -> None:
    one, two = record_publicly(kind), job[2][kind]
    assert one is not None
    assert two is not None
    assert (two.description.name, two.description.is_sequence) == ("Sequential", True)
    assert one.steps is not None
    assert two.steps is not None
    assert same(one.steps.gradient_norm, two.steps.gradient_norm)
    assert same(one.steps.clip_factor, two.steps.clip_factor)
    assert (one.steps.clip_factor < 0.9).any()
    for quantity in (Quantity.GRADIENT_NORM, Quantity.WEIGHT_NORM, Quantity.UPDATE_RATIO):
        first, second = one.signals[quantity], two.signals[quantity]
        assert np.array_equal(first.steps, second.steps), quantity
        assert np.array_equal(first.known, second.known), quantity
        assert same(first.values, second.values), quantity


def test_a_loop_that_breaks_off_waits_for_no_other_process(job: Job) -> None:
    history = job[2]["broken off"]
    assert history is not None
    assert (history.status, history.non_finite) == (RunStatus.INTERRUPTED, None)
    assert history.signals[Quantity.FORWARD_SIGNAL].known.any()
