from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Finding, Safety, Severity
from gradcheck_cli.rules.data.train_val_overlap import TrainValOverlap
from tests.data_profiles import make_overlap, read, run_on
from tests.histories import make_history, make_linted, make_outcome


def check(run: History) -> list[Finding]:
    return list(TrainValOverlap().check(run))


@pytest.mark.parametrize(("shared", "fires"), [(5, False), (6, True)])
def test_shared_rows_beyond_the_limit_fire(shared: int, fires: bool) -> None:
    assert bool(check(run_on(overlap=make_overlap(shared)))) is fires


@pytest.mark.parametrize(("expected", "fires"), [(0.09, True), (0.11, False)])
def test_shared_rows_must_be_more_than_duplicates_predict(expected: float, fires: bool) -> None:
    assert bool(check(run_on(overlap=make_overlap(30, expected_share=expected)))) is fires


@pytest.mark.parametrize(
    ("fields", "fires"),
    [
        ({"features": 3, "continuous": False}, False),
        ({"features": 3, "continuous": True}, True),
        ({"features": 10, "continuous": False}, True),
    ],
)
def test_rows_of_a_few_counts_coincide_anyway(fields: dict[str, Any], fires: bool) -> None:
    assert bool(check(run_on(overlap=make_overlap(30, **fields)))) is fires


def test_a_few_rows_of_a_small_split_stay_quiet() -> None:
    assert check(run_on(overlap=make_overlap(4, rows=10))) == []
    assert check(run_on(overlap=make_overlap(5, rows=10))) != []


def test_no_validation_rows_and_lint_stay_quiet() -> None:
    assert check(run_on(overlap=None)) == []
    assert check(make_linted()) == []


@pytest.mark.parametrize("value", [0.97, 0.1])
def test_it_is_a_warning_however_the_run_ends(value: float) -> None:
    run = run_on(make_history(outcome=make_outcome(value)), overlap=make_overlap(90))
    [finding] = [f for f in judge(run).findings if f.rule == "GC605"]
    assert (finding.severity, finding.explains) == (Severity.WARNING, ())
    assert finding.message.startswith("Validation rows are also training rows. 90 of 100 are (90%, limit 5%)")


def test_a_second_file_can_be_left_out() -> None:
    [finding] = check(run_on(overlap=make_overlap(90)))
    file = read("{type: csv, path: a.csv, val_path: b.csv, target: y, task: regression}")
    split, advice = TrainValOverlap().fixes(finding, file)
    assert [(e.op.value, e.path) for e in split.edits] == [("remove", "data.val_path")]
    assert advice.safety is Safety.ADVICE
    assert [fix.safety for fix in TrainValOverlap().fixes(finding, read("diabetes"))] == [Safety.ADVICE]
