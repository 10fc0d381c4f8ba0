from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.diagnosis.causes import OUTCOMES
from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.diagnosis.needs import find_skip_reason
from gradcheck_cli.recording.history import History, RunStatus, ThroughTime
from gradcheck_cli.rules.base import Finding, Safety, Severity
from gradcheck_cli.rules.gradient_flow.exploding_through_time import ExplodingThroughTime
from tests.histories import make_epochs, make_finding, make_history, make_outcome, make_steps
from tests.rules.fixes.configs import data_after
from tests.rules.gradient_flow.sequences import STEPS, recurrent

STUCK: dict[str, Any] = {"steps": make_steps(loss=2.3), "outcome": make_outcome(0.1, final_slice_loss=2.3)}
LIMIT = 100.0
POSITION = np.arange(len(STEPS))


def check(run: History, **thresholds: float) -> list[Finding]:
    return list(ExplodingThroughTime(**thresholds).check(run))


def with_norms(run: History, known: int, rest: float) -> History:
    """The run with the first `known` measurements, and `rest` for all values of the later ones."""
    taken = run.through_time["gru_1"]
    norms = np.where((known > POSITION)[:, None], taken.norms, rest)
    return replace(run, through_time={"gru_1": ThroughTime(taken.steps, norms)})


def test_fires_where_the_gradient_grows_through_time() -> None:
    (finding,) = check(recurrent({"gru_1": 1e5}))
    assert finding.layers == ("gru_1",)
    assert finding.first_step == 0
    assert finding.evidence[0].value == pytest.approx(1e5)


@pytest.mark.parametrize(("ratio", "count"), [(LIMIT * 1.1, 1), (LIMIT * 0.9, 0), (1.0, 0), (1e-9, 0)])
def test_each_side_of_the_limit(ratio: float, count: int) -> None:
    assert len(check(recurrent({"gru_1": ratio}))) == count


def test_the_limit_can_be_set() -> None:
    assert check(recurrent({"gru_1": 30.0}), max_ratio=10.0)
    assert not check(recurrent({"gru_1": 300.0}), max_ratio=1000.0)


def test_each_direction_is_judged_by_itself() -> None:
    (finding,) = check(recurrent({"gru_1": 1.0, "gru_1:reverse": 1e4}))
    assert finding.layers == ("gru_1",)
    assert "backward in time" in finding.message


def test_a_start_that_calms_down_and_one_late_leap_are_left_alone() -> None:
    assert not check(recurrent({"gru_1": np.where(POSITION < 8, 1e4, 2.0)}))
    assert not check(recurrent({"gru_1": np.where(len(STEPS) - 1 == POSITION, 1e4, 2.0)}))
    assert check(recurrent({"gru_1": np.where(POSITION < 8, 2.0, 1e4)}))


@pytest.mark.parametrize("rest", [np.nan, np.inf, 0.0])
def test_where_the_run_broke_down_the_last_known_value_stands(rest: float) -> None:
    assert check(with_norms(recurrent({"gru_1": 1e4}), 1, rest))
    assert not check(with_norms(recurrent({"gru_1": 2.0}), 1, rest))
    assert not check(with_norms(recurrent({"gru_1": np.where(POSITION == 0, 1e4, 2.0)}), 3, rest))
    assert not check(with_norms(recurrent({"gru_1": 1e4}), 0, rest))


def test_counts_only_with_harm_and_explains_what_it_brings_about() -> None:
    assert judge(recurrent({"gru_1": 1e4}), select=["GC104"]).findings == ()
    harmed = judge(recurrent({"gru_1": 1e4}, **STUCK))
    assert harmed.findings[0].rule == "GC104"
    assert harmed.findings[0].severity is Severity.ERROR
    assert harmed.findings[0].explained_by is None
    assert set(OUTCOMES) & set(harmed.findings[0].explains)


def test_comes_before_the_nan_it_ends_in() -> None:
    broken = with_norms(
        recurrent({"gru_1": 1e4}, status=RunStatus.DIVERGED, outcome=make_outcome(float("nan"))), 1, np.nan
    )
    broken = replace(broken, epochs=make_epochs(1, slice_loss=np.nan), steps=make_steps(20, loss=np.nan))
    assert check(broken)[0].first_step == 0


def test_skipped_where_a_recurrence_was_not_measured_and_passed_where_there_is_none() -> None:
    rule = ExplodingThroughTime()
    assert "through time" in find_skip_reason(rule, recurrent({}))
    assert find_skip_reason(rule, make_history()) == ""
    assert not check(make_history())


TEXT = """
data: {type: adding_problem}
model:
  layers:
    - {type: RNN, hidden_size: 8, weight_init: {type: orthogonal_, gain: 3.0}, bias_init: ones_}
    - LastStep
    - {type: Linear, out_features: 1}
loss: MSELoss
optimizer: {type: SGD, lr: 0.1}
trainer: {epochs: 5, clip_grad_value: 3.0}
"""


def test_orthogonal_weights_keep_the_layer_and_what_is_clipped() -> None:
    config = load_config(parse_document(TEXT, source="config.yaml"))
    gates, orthogonal = ExplodingThroughTime().fixes(make_finding(), config)[:2]
    assert data_after(TEXT, gates)["model"]["layers"][0] == {"type": "GRU", "hidden_size": 8}
    assert orthogonal.safety is Safety.SAFE
    data = data_after(TEXT, orthogonal)
    assert data["model"]["layers"][0] == {"type": "RNN", "hidden_size": 8, "weight_init": "orthogonal_"}
    assert data["trainer"] == {"epochs": 5, "clip_grad_value": 3.0}
    assert data["optimizer"] == {"type": "Adam", "lr": 0.003}
