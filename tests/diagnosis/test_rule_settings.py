from __future__ import annotations

import pytest

from gradcheck_cli.config.schema import DiagnosticsConfig
from gradcheck_cli.diagnosis.rule_settings import RuleSettings, combine, no_settings
from gradcheck_cli.errors import UsageError
from gradcheck_cli.rules.selection import selected

NONE = RuleSettings()


def choose(own: DiagnosticsConfig, settings: RuleSettings = NONE, command: RuleSettings = NONE) -> set[str]:
    combined = combine(own, settings=settings, command=command)
    return {rule.code for rule in selected(combined.select, combined.ignore)}


def test_the_command_line_goes_over_the_config_and_that_over_the_settings() -> None:
    config, settings, command = DiagnosticsConfig(select=("GC2",)), RuleSettings(("GC1",)), RuleSettings(("GC401",))
    assert choose(DiagnosticsConfig(), settings) == {"GC101", "GC102", "GC103", "GC104", "GC105"}
    assert choose(config, settings) == {"GC201", "GC202", "GC203", "GC204"}
    assert choose(config, settings, command) == {"GC401"}


def test_extending_adds_to_what_weaker_sources_select() -> None:
    extended = RuleSettings(extend_select=("GC401",))
    assert choose(DiagnosticsConfig(select=("GC2",)), command=extended) == {"GC201", "GC202", "GC203", "GC204", "GC401"}
    assert choose(DiagnosticsConfig(select=("GC204",)), settings=extended) == {"GC204"}
    assert choose(DiagnosticsConfig(), settings=extended) == choose(DiagnosticsConfig())


def test_ignored_rules_add_up_and_a_longer_code_wins_over_its_prefix() -> None:
    config, settings, command = (
        DiagnosticsConfig(ignore=("GC3",)),
        RuleSettings(ignore=("GC2",)),
        RuleSettings(extend_select=("GC301",), ignore=("dead-units", "GC1")),
    )
    chosen = choose(config, settings, command)
    assert "GC301" in chosen
    assert not {"GC302", "GC201", "GC202", "GC101"} & chosen
    assert "GC401" in chosen


def test_values_of_rules_are_put_together_whatever_name_the_rule_is_given() -> None:
    config = DiagnosticsConfig(rules={"overfitting": {"min_rise": 0.5}}, expect={"val_metric": 0.9})
    settings = RuleSettings(rules={"GC401": {"min_rise": 0.1, "severity": "info"}, "dead-units": {"severity": "error"}})
    combined = combine(config, settings=settings, command=NONE)
    assert combined.rules == {"GC401": {"min_rise": 0.5, "severity": "info"}, "GC201": {"severity": "error"}}
    assert combined.expect == {"val_metric": 0.9}


def test_without_settings_the_config_stays_as_it_is() -> None:
    config = DiagnosticsConfig(rules={"overfitting": {"min_rise": 0.5}})
    assert combine(config, settings=no_settings("x.yaml"), command=NONE) == config


def test_settings_of_no_rule_are_refused() -> None:
    with pytest.raises(UsageError, match="GC999"):
        combine(DiagnosticsConfig(), settings=RuleSettings(rules={"GC999": {"severity": "info"}}), command=NONE)
