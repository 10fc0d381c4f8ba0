"""What every rule promises its readers: a manual page, thresholds with sources, and messages in one style."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck_cli.recording import history
from gradcheck_cli.recording.description import ComponentDescription, LayerDescription
from gradcheck_cli.recording.history import History, Quantity
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Finding, Rule
from gradcheck_cli.rules.selection import configure
from tests.data_profiles import make_counts, make_overlap, make_scales, run_on
from tests.histories import make_description as describe
from tests.histories import make_history, make_layers, make_outcome, make_steps
from tests.rules.activation.test_dead_units import dead
from tests.rules.activation.test_saturated_activation import saturated
from tests.rules.generalization.test_overfitting import overfit
from tests.rules.gradient_flow.sequences import recurrent
from tests.rules.gradient_flow.test_no_gradient import gradients
from tests.rules.initialization.test_poor_initialization import symmetric
from tests.rules.optimizer.test_update_scale import updates
from tests.rules.outcome.test_decision import ended
from tests.rules.outcome.test_oscillating_loss import swinging

HEADINGS = [
    "What it detects",
    "Why it matters",
    "How it decides",
    "Fixes and their safety",
    "When to ignore it",
    "References",
]


def tiny(layers: tuple[LayerDescription, ...]) -> tuple[LayerDescription, ...]:
    """The layers with initial weights far too small."""
    return tuple(replace(x, parameters=tuple(replace(p, init_std=1e-4) for p in x.parameters)) for x in layers)


VANISHED = dict.fromkeys((f"linear_{i}" for i in range(1, 4)), 1e-9)
RUNS = [
    recurrent({"gru_1": 1e-7}),
    recurrent({"gru_1": 1e7}),
    ended(float("nan")),
    ended(2.3),
    ended(1.0),
    ended(1.0, slope=0.5),
    overfit(),
    overfit(metric_end=0.95),
    make_history(changes={Quantity.SENSITIVITY: VANISHED}, steps=make_steps(loss=2.3)),
    make_history(changes={Quantity.BACKWARD_SIGNAL: {"linear_1": 1e-9}}),
    make_history(changes={Quantity.UPDATE_RATIO: {"linear_1.weight": 2.0}}),
    make_history(non_finite=history.NonFinite(3, "gradient", ("linear_1",))),
    make_history(outcome=make_outcome(0.7, train_metric=1.0)),
    *(
        make_history(describe(make_layers("Linear", last, outputs=n)))
        for last in ("Softmax", "LogSoftmax")
        for n in (1, 9)
    ),
    make_history(describe(make_layers("Linear", "ReLU", "Linear", "ReLU", outputs=12))),
    make_history(describe(make_layers("Linear", "Linear", "Linear", outputs=3))),
    make_history(describe(make_layers("Linear", "BatchNorm1d", "ReLU", "Linear"), trainer={"batch_size": 2})),
    make_history(describe(tiny(make_layers(*("Linear", "Tanh") * 5, "Linear")))),
    make_history(describe(optimizer=ComponentDescription("Adam", {"lr": 9.0}))),
    make_history(describe(optimizer=ComponentDescription("Adam", {"lr": 1e-9}))),
    dead(0.9),
    saturated(0.99),
    gradients({"linear_1.weight": 0.0}),
    symmetric("linear_2"),
    updates(1e-9),
    swinging(1.0),
    run_on(inputs=make_scales(size=4000.0)),
    run_on(classes=make_counts(95, 5)),
    run_on(overlap=make_overlap(75)),
    run_on(constant_target=True),
]


def findings() -> list[tuple[Finding, History]]:
    return [(finding, run) for run in RUNS for entry in configure().values() for finding in entry.rule.check(run)]


@pytest.mark.parametrize("rule", ALL)
def test_manual_page_has_the_fixed_headings_each_with_text(rule: type[Rule]) -> None:
    page = inspect.cleandoc(rule.__doc__ or "")
    assert re.findall(r"^## (.+)$", page, flags=re.MULTILINE) == HEADINGS
    assert all(len(part.split()) >= 2 for part in re.split(r"^## .+$", page, flags=re.MULTILINE)[1:])


@pytest.mark.parametrize("rule", ALL)
def test_name_file_class_and_test_agree(rule: type[Rule]) -> None:
    assert rule.__name__ == "".join(word.capitalize() for word in rule.name.split("-"))
    assert rule.__module__.rpartition(".")[2] == rule.name.replace("-", "_")
    folder = rule.__module__.split(".")[-2]
    assert (Path(__file__).parent / folder / f"test_{rule.name.replace('-', '_')}.py").is_file()


@pytest.mark.parametrize("rule", ALL)
def test_thresholds_are_documented(rule: type[Rule]) -> None:
    assert all(entry.unit and entry.help and entry.source for entry in rule.thresholds())


def test_codes_and_names_are_unique() -> None:
    words = [word for rule in ALL for word in (rule.code, rule.name)]
    assert len(set(words)) == len(words)


def test_each_rule_is_seen_by_the_tests_of_style_but_those_that_need_more_than_a_run() -> None:
    """GC001 speaks through errors, GC002 needs the comments of a config, GC306 an expectation."""
    assert {finding.rule for finding, _ in findings()} == {rule.code for rule in ALL} - {"GC001", "GC002", "GC306"}


def test_first_sentence_carries_no_number_but_layer_names() -> None:
    for finding, run in findings():
        first = re.split(r"(?<=[.:])\s", finding.message)[0]
        for layer in sorted((layer.name for layer in run.description.layers), key=len, reverse=True):
            first = first.replace(layer, "")
        assert not re.search(r"\d", first), finding.message


def test_why_is_at_most_two_sentences_and_evidence_is_complete() -> None:
    for finding, _ in findings():
        assert 1 <= finding.why.count(".") <= 2
        assert finding.message.endswith(".")
        assert finding.evidence
        assert all(entry.name and entry.unit for entry in finding.evidence)
