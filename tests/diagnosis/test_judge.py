from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from gradcheck_cli.config.schema import Config, DiagnosticsConfig
from gradcheck_cli.diagnosis import judge as judging
from gradcheck_cli.diagnosis.judge import Judgement, judge
from gradcheck_cli.diagnosis.report import RuleStatus
from gradcheck_cli.errors import UsageError
from gradcheck_cli.recording.description import ComponentDescription
from gradcheck_cli.recording.history import History, NonFinite, Quantity, RunStatus
from gradcheck_cli.rules.base import Family, Finding, Fix, Need, Rule
from gradcheck_cli.rules.generalization.overfitting import Overfitting
from gradcheck_cli.rules.selection import Configured
from tests.histories import (
    make_description,
    make_epochs,
    make_history,
    make_layers,
    make_linted,
    make_outcome,
    make_steps,
)
from tests.rules.fixes.configs import SIGMOID, load
from tests.rules.generalization.test_overfitting import overfit, without_gap

SILENT = dict.fromkeys((f"linear_{i}" for i in range(1, 4)), 1e-9)


def stuck(**fields: Any) -> History:
    outcome, epochs = make_outcome(0.1, final_slice_loss=2.3), make_epochs(slice_loss=2.3)
    values = {"steps": make_steps(loss=2.3), "epochs": epochs, "outcome": outcome, **fields}
    return make_history(changes={Quantity.SENSITIVITY: SILENT}, **values)


def found(judgement: Judgement) -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity.value) for finding in judgement.findings]


def status(judgement: Judgement, code: str) -> RuleStatus:
    return next(result.status for result in judgement.rules if result.rule == code)


def test_healthy_run_has_nothing_to_say() -> None:
    judgement = judge(make_history())
    assert judgement.findings == ()
    assert judgement.harm.shown is False
    assert {result.status for result in judgement.rules} == {RuleStatus.PASSED, RuleStatus.SKIPPED}


def test_harm_makes_an_error_of_a_symptom_and_names_one_outcome() -> None:
    judgement = judge(stuck())
    assert found(judgement) == [("GC101", "error"), ("GC304", "error")]
    cause, outcome = judgement.findings
    assert cause.explains == ("GC304",)
    assert outcome.explained_by == "GC101"
    assert cause.path == "model.layers[0]"
    assert len(cause.fingerprint) == 16


def test_symptom_without_harm_is_a_warning() -> None:
    assert found(judge(stuck(outcome=make_outcome()))) == [("GC101", "warning")]


def test_outcome_rules_are_silent_without_harm() -> None:
    judgement = judge(make_history())
    assert status(judgement, "GC402") is RuleStatus.PASSED


def test_overfitting_takes_the_place_of_the_outcome() -> None:
    judgement = judge(without_gap(overfit()))
    assert found(judgement) == [("GC401", "error")]
    assert judgement.harm.by == "d"


def test_harm_by_overfitting_does_not_depend_on_the_selection() -> None:
    judgement = judge(without_gap(overfit()), ignore=["overfitting"])
    assert judgement.findings == ()
    assert judgement.harm.by == "d"


def test_overconfidence_is_a_note_and_no_harm() -> None:
    judgement = judge(without_gap(overfit(metric_end=0.95)))
    assert found(judgement) == [("GC401", "info")]
    assert judgement.harm.shown is False


def test_few_rows_become_an_error_only_with_other_harm() -> None:
    run = without_gap(overfit(rows=40))
    assert found(judge(run)) == [("GC401", "warning")]
    assert run.outcome is not None
    at_chance = make_outcome(0.1, train_metric=1.0)
    assert found(judge(replace(run, outcome=at_chance))) == [("GC401", "error")]


def test_nan_is_ranked_under_what_brought_it_about() -> None:
    early = np.array([100.0, 500.0, 1e6, *[np.nan] * 17])
    changes = {Quantity.SENSITIVITY: {"linear_1": 1e5}}
    run = make_history(
        changes=changes,
        steps=make_steps(20, loss=early),
        steps_done=20,
        status=RunStatus.DIVERGED,
        non_finite=NonFinite(3, "gradient", ("linear_1",)),
        outcome=make_outcome(float("nan"), final_slice_loss=float("nan")),
    )
    judgement = judge(run)
    assert found(judgement) == [("GC102", "error"), ("GC301", "error"), ("GC302", "error")]
    assert [finding.explained_by for finding in judgement.findings] == [None, "GC102", "GC102"]


@pytest.mark.parametrize(
    ("outcome", "severity"), [(None, "warning"), (make_outcome(), "info"), (make_outcome(0.5), "error")]
)
def test_static_findings_follow_the_outcome(outcome: Any, severity: str) -> None:
    run = make_history(make_description(make_layers("Linear", "Softmax")), outcome=outcome)
    assert found(judge(run, select=["GC5"])) == [("GC501", severity)]


def test_static_finding_that_explains_no_harm_stays_a_warning() -> None:
    rates = [("SGD", {"lr": 100.0}, "error"), ("SGD", {"lr": 1e-6}, "warning")]
    for optimizer, arguments, severity in rates:
        description = make_description(optimizer=ComponentDescription(optimizer, arguments))
        diverged = make_outcome(0.1, final_slice_loss=50.0)
        run = make_history(description, outcome=diverged, epochs=make_epochs(slice_loss=50.0))
        judgement = judge(run, select=["GC506"])
        assert found(judgement) == [("GC506", severity)]


def test_what_is_not_selected_is_neither_shown_nor_named() -> None:
    run = make_history(
        make_description(make_layers("Linear", "Softmax")), outcome=make_outcome(0.1, final_slice_loss=2.3)
    )
    (finding,) = judge(run, select=["GC501"]).findings
    assert finding.severity.value == "error"
    assert finding.explains == ()
    assert [result.rule for result in judge(run, select=["GC501"]).rules] == ["GC501"]


def test_static_findings_are_warnings_in_lint() -> None:
    judgement = judge(make_linted(make_description(make_layers("Linear", "Softmax"))))
    assert found(judgement) == [("GC501", "warning")]
    assert status(judgement, "GC101") is RuleStatus.SKIPPED


def test_selection_of_config_and_command() -> None:
    config = with_diagnostics(ignore=["GC3"], select=["GC1", "GC3", "GC304"])
    assert found(judge(stuck(), config)) == [("GC101", "error"), ("GC304", "error")]
    assert found(judge(stuck(), config, ignore=["GC304"])) == [("GC101", "error")]
    assert found(judge(stuck(), config, select=["GC304"])) == [("GC304", "error")]
    with pytest.raises(UsageError):
        judge(stuck(), select=["GC999"])


def test_thresholds_and_severity_of_the_config() -> None:
    softer = with_diagnostics(rules={"vanishing-gradient": {"severity": "info"}})
    assert found(judge(stuck(), softer))[-1] == ("GC101", "info")
    laxer = with_diagnostics(rules={"vanishing-gradient": {"min_sensitivity": 1e-12}})
    assert found(judge(stuck(), laxer)) == [("GC304", "error")]


def test_unmet_expectation_is_an_error_without_harm() -> None:
    judgement = judge(make_history(), with_diagnostics(expect={"val_metric": 0.99}))
    assert found(judgement) == [("GC306", "error")]
    assert judgement.findings[0].path == "diagnostics.expect.val_metric"


def test_fixes_are_edits_with_a_config_and_advice_without() -> None:
    assert any(fix.edits for fix in judge(stuck(), load(SIGMOID)).findings[0].fixes)
    assert not any(fix.edits for fix in judge(stuck()).findings[0].fixes)


@dataclass(frozen=True)
class Crashing(Rule):
    """A rule that raises."""

    code: ClassVar[str] = "GC101"
    name: ClassVar[str] = "crashing"
    summary: ClassVar[str] = ""
    family: ClassVar[Family] = Family.DATA
    needs: ClassVar[frozenset[Need]] = frozenset()
    in_check: bool = True

    def check(self, run: History) -> Iterator[Finding]:
        if self.in_check:
            raise ZeroDivisionError("no rows")
        yield Finding(self.code, self.name, "Found.", "Why.")

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        raise KeyError("lr")


@pytest.mark.parametrize("in_check", [True, False])
def test_rule_that_raises_is_named_and_the_others_still_run(monkeypatch: pytest.MonkeyPatch, in_check: bool) -> None:
    rules = {Crashing: Configured(Crashing(in_check=in_check)), Overfitting: Configured(Overfitting())}
    monkeypatch.setattr(judging, "configure", lambda _=None: rules)
    monkeypatch.setattr(judging, "choose_rules", lambda *_, **__: tuple(rules))
    judgement = judge(without_gap(overfit()))
    assert status(judgement, "GC101") is RuleStatus.CRASHED
    assert judgement.rules[0].reason in ("ZeroDivisionError: no rows", "KeyError: 'lr'")
    assert ("GC401", "error") in found(judgement)
    assert ("GC101" in dict(found(judgement))) is not in_check


def with_diagnostics(**diagnostics: Any) -> Config:
    return replace(load(SIGMOID), diagnostics=DiagnosticsConfig(**diagnostics))
