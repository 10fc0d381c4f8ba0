from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import apply_edits
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.diagnosis.causes import OUTCOMES
from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.diagnosis.needs import find_skip_reason
from gradcheck_cli.recording.history import History, ThroughTime
from gradcheck_cli.rules.base import Finding, Safety, Severity
from gradcheck_cli.rules.gradient_flow.vanishing_through_time import VanishingThroughTime
from tests.histories import make_finding, make_history, make_outcome, make_steps
from tests.rules.gradient_flow.sequences import STEPS, recurrent

STUCK: dict[str, Any] = {"steps": make_steps(loss=2.3), "outcome": make_outcome(0.1, final_slice_loss=2.3)}
LIMIT = 1e-2


def check(run: History, **thresholds: float) -> list[Finding]:
    return list(VanishingThroughTime(**thresholds).check(run))


def test_fires_where_the_beginning_is_forgotten() -> None:
    (finding,) = check(recurrent({"gru_1": 1e-7}))
    assert finding.layers == ("gru_1",)
    assert finding.first_step == 0
    assert finding.evidence[0].value == pytest.approx(1e-7)
    assert finding.evidence[1].value == 20


@pytest.mark.parametrize(("ratio", "count"), [(LIMIT * 0.9, 1), (LIMIT * 1.1, 0), (1.0, 0), (300.0, 0), (0.0, 1)])
def test_each_side_of_the_limit(ratio: float, count: int) -> None:
    assert len(check(recurrent({"gru_1": ratio}))) == count


def test_the_limit_can_be_set() -> None:
    assert check(recurrent({"gru_1": 0.05}), min_ratio=0.1)
    assert not check(recurrent({"gru_1": 0.005}), min_ratio=0.001)


def test_a_network_that_learns_to_remember_is_left_alone() -> None:
    late = np.where(np.arange(len(STEPS)) < 14, 1e-11, 0.6)
    assert not check(recurrent({"gru_1": np.where(np.arange(len(STEPS)) < 8, 1e-11, 0.6)}))
    assert not check(recurrent({"gru_1": late}))


def test_first_half_does_not_count() -> None:
    assert check(recurrent({"gru_1": np.where(np.arange(len(STEPS)) < 9, 0.6, 1e-6)}))


def test_one_direction_or_layer_that_remembers_is_enough() -> None:
    assert check(recurrent({"gru_1": 1e-7, "gru_1:reverse": 1e-7}))
    assert not check(recurrent({"gru_1": 1e-7, "gru_1:reverse": 0.5}))
    two = ("GRU", "GRU", "LastStep", "Linear")
    (finding,) = check(recurrent({"gru_1": 1e-7, "gru_2": 1e-4}, types=two))
    assert finding.layers == ("gru_1", "gru_2")
    assert finding.evidence[0].value == pytest.approx(1e-4)
    assert not check(recurrent({"gru_1": 1e-7, "gru_2": 0.5}, types=two))


def test_the_backward_direction_has_its_far_end_at_the_last_time_step() -> None:
    assert check(recurrent({"gru_1:reverse": 1e-7}))


def test_attention_is_another_way_through_time() -> None:
    types = ("GRU", "MultiheadAttention", "LastStep", "Linear")
    assert not check(recurrent({"gru_1": 1e-7}, types=types))


def test_sequences_of_one_step_and_unknown_values_say_nothing() -> None:
    run = recurrent({"gru_1": 1e-7})
    for norms in (np.ones((len(STEPS), 1)), np.full((len(STEPS), 20), np.nan), np.zeros((len(STEPS), 20))):
        assert not check(replace(run, through_time={"gru_1": ThroughTime(STEPS, norms)}))


def test_a_run_cut_short_before_its_half_is_not_judged() -> None:
    run = recurrent({"gru_1": 1e-7})
    taken = run.through_time["gru_1"]
    assert not check(replace(run, through_time={"gru_1": ThroughTime(taken.steps[:8], taken.norms[:8])}))


def test_counts_only_with_harm() -> None:
    quiet = judge(recurrent({"gru_1": 1e-7}), select=["GC103"])
    assert quiet.findings == ()
    harmed = judge(recurrent({"gru_1": 1e-7}, **STUCK))
    assert harmed.findings[0].rule == "GC103"
    assert harmed.findings[0].severity is Severity.ERROR
    assert set(OUTCOMES) & set(harmed.findings[0].explains)


def test_skipped_where_a_recurrence_was_not_measured_and_passed_where_there_is_none() -> None:
    rule = VanishingThroughTime()
    assert "through time" in find_skip_reason(rule, recurrent({}))
    assert find_skip_reason(rule, make_history()) == ""
    assert not check(make_history())


TEXT = """
data: {{type: adding_problem}}
model:
  layers:
    - {layer}
    - LastStep
    - {{type: Linear, out_features: 1}}
loss: MSELoss
optimizer: {optimizer}
trainer: {{epochs: 5}}
"""
ADAM = "{type: AdamW, lr: 0.002, weight_decay: 0.1}"


def first_fix(layer: str, optimizer: str = ADAM) -> tuple[Any, Safety]:
    text = TEXT.format(layer=layer, optimizer=optimizer)
    config = load_config(parse_document(text, source="config.yaml"))
    fix = VanishingThroughTime().fixes(make_finding(), config)[0]
    return parse_document(apply_edits(text, fix.edits), source="config.yaml").data, fix.safety


def test_rnn_becomes_gru_with_adam_and_clipping() -> None:
    layer = "{type: RNN, name: memory, hidden_size: 8, nonlinearity: relu, weight_init: zeros_, bias_init: ones_}"
    data, safety = first_fix(layer, "{type: SGD, lr: 0.1, weight_decay: 1e-4}")
    assert safety is Safety.UNSAFE
    assert data["model"]["layers"][0] == {"type": "GRU", "name": "memory", "hidden_size": 8}
    assert data["optimizer"] == {"type": "Adam", "lr": 0.01, "weight_decay": 1e-4}
    assert data["trainer"] == {"epochs": 5, "clip_grad_norm": 1.0}


def test_lstm_becomes_gru_and_an_adaptive_optimizer_stays() -> None:
    data, _ = first_fix("{type: LSTM, hidden_size: 8}")
    assert data["model"]["layers"][0]["type"] == "GRU"
    assert data["optimizer"] == {"type": "AdamW", "lr": 0.01, "weight_decay": 0.1}


@pytest.mark.parametrize(
    "layer", ["{type: GRU, hidden_size: 8, weight_init: ones_}", "{type: LSTM, hidden_size: 8, proj_size: 4}"]
)
def test_what_cannot_become_gru_gets_other_steps(layer: str) -> None:
    data, safety = first_fix(layer)
    assert safety is Safety.SAFE
    assert data["model"]["layers"][0].keys() == {"type", "hidden_size", *({"proj_size"} if "proj" in layer else ())}
    assert data["optimizer"]["lr"] == 0.01
