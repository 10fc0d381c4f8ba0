from __future__ import annotations

import math

import pytest

from gradcheck_cli.config.schema import DiagnosticsConfig
from gradcheck_cli.errors import ConfigError, UsageError
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Severity
from gradcheck_cli.rules.generalization.overfitting import Overfitting
from gradcheck_cli.rules.gradient_flow.exploding_gradient import ExplodingGradient
from gradcheck_cli.rules.gradient_flow.vanishing_gradient import VanishingGradient
from gradcheck_cli.rules.outcome.below_expectation import BelowExpectation
from gradcheck_cli.rules.selection import configure, find_rules, rule_table, selected


@pytest.mark.parametrize("query", ["GC101", "gc101", "vanishing-gradient", "VanishingGradient", " GC101 "])
def test_one_rule_by_all_its_names(query: str) -> None:
    assert find_rules(query) == (VanishingGradient,)


def test_prefix_and_everything() -> None:
    assert find_rules("GC1") == tuple(rule for rule in ALL if rule.code.startswith("GC1"))
    assert {VanishingGradient, ExplodingGradient} < set(find_rules("GC1")) < set(ALL)
    assert find_rules("GC") == find_rules("ALL") == ALL


@pytest.mark.parametrize("name", ["Overfit", "LossNotDecreasing", "ExplodingTensor", "VanishingGradient"])
def test_names_of_other_tools(name: str) -> None:
    assert find_rules(name)


@pytest.mark.parametrize(("query", "hint"), [("vanishing-gradeint", "vanishing-gradient"), ("overfiting", "overfit")])
def test_misspelt_names_get_a_hint(query: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"(?i)did you mean '{hint}"):
        find_rules(query)


@pytest.mark.parametrize("query", ["GC9", "", "G", "1", "GC1011"])
def test_what_stands_for_no_rule_is_refused(query: str) -> None:
    with pytest.raises(UsageError, match="there is no rule"):
        find_rules(query)


def test_everything_is_selected_by_default() -> None:
    assert selected(None) == ALL
    assert selected(()) == ()


def test_a_longer_code_wins_over_its_prefix() -> None:
    assert set(selected(("GC1",), ("GC101",))) == set(find_rules("GC1")) - {VanishingGradient}
    assert selected(("GC101",), ("GC1",)) == (VanishingGradient,)
    assert selected(("overfitting",), ("GC4",)) == (Overfitting,)


def test_of_equals_ignore_wins() -> None:
    assert selected(("GC101", "GC4"), ("vanishing-gradient", "GC402")) == (Overfitting,)


def test_unknown_entries_of_either_list_are_refused() -> None:
    for lists in ((("GC7",), ()), (("GC",), ("GC7",))):
        with pytest.raises(UsageError):
            selected(*lists)


def test_thresholds_and_severity_of_a_config() -> None:
    rules: dict[str, dict[str, float | str]] = {
        "overfitting": {"min_rise": 0.5, "severity": "info"},
        "GC101": {"min_ratio": 1e-5},
    }
    configured = configure(DiagnosticsConfig(rules=rules))
    assert configured[Overfitting].rule == Overfitting(min_rise=0.5)
    assert configured[Overfitting].severity is Severity.INFO
    assert configured[VanishingGradient].rule == VanishingGradient(min_ratio=1e-5)
    assert configured[ExplodingGradient].severity is None


def test_everything_wrong_is_said_at_once() -> None:
    rules: dict[str, dict[str, float | str]] = {
        "overfittin": {},
        "GC101": {"min_ration": 1.0, "min_ratio": "small", "severity": "fatal"},
    }
    with pytest.raises(ConfigError) as caught:
        configure(DiagnosticsConfig(rules=rules))
    assert [problem.path for problem in caught.value.problems] == [
        "diagnostics.rules.overfittin",
        "diagnostics.rules.GC101.min_ration",
        "diagnostics.rules.GC101.min_ratio",
        "diagnostics.rules.GC101.severity",
    ]
    assert caught.value.problems[1].hint == "did you mean 'min_ratio'?"


def test_expectation_reaches_its_rule() -> None:
    rule = configure(DiagnosticsConfig(expect={"val_metric": 0.9}))[BelowExpectation].rule
    assert rule == BelowExpectation(val_metric=0.9)
    assert isinstance(default := configure()[BelowExpectation].rule, BelowExpectation)
    assert math.isnan(default.val_metric)


def test_table_for_the_config_reader() -> None:
    table = rule_table()
    assert "min_rise" in table["overfitting"]
    assert table["GC401"] == table["overfitting"]
