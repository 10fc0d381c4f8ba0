from __future__ import annotations

import pytest

from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Finding, Safety, Severity
from gradcheck_cli.rules.data.unscaled_input import UnscaledInput
from tests.data_profiles import make_scales, read, run_on
from tests.histories import make_description, make_history, make_layers, make_linted, make_outcome


def check(run: History) -> list[Finding]:
    return list(UnscaledInput().check(run))


def beginning(*types: str) -> History:
    return make_history(make_description(make_layers(*types, "Linear", "ReLU", "Linear")))


@pytest.mark.parametrize(("size", "fires"), [(49.0, False), (51.0, True)])
def test_large_features_fire(size: float, fires: bool) -> None:
    assert bool(check(run_on(inputs=make_scales(size=size)))) is fires


@pytest.mark.parametrize(("spread", "fires"), [(199.0, False), (201.0, True)])
def test_very_different_spreads_fire(spread: float, fires: bool) -> None:
    assert bool(check(run_on(inputs=make_scales(spread=spread)))) is fires


def test_the_message_names_columns_and_its_first_sentence_no_number() -> None:
    [finding] = check(run_on(inputs=make_scales(size=800.0, spread=1400.0)))
    first, rest = finding.message.split(". ", 1)
    assert first == "The features are of very different scales and not standardised"
    assert "area has a root mean square of 800" in rest
    assert "area spreads over 1400 and ratio over 2" in rest
    assert [(entry.value, entry.limit) for entry in finding.evidence] == [(800.0, 50.0), (700.0, 100.0)]
    assert finding.path == "data"


@pytest.mark.parametrize("fields", [{"standardized": True}, {"size": 5.9, "spread": 5.7, "narrow_spread": 2.4}])
def test_standardised_or_moderate_features_stay_quiet(fields: dict[str, float]) -> None:
    assert check(run_on(inputs=make_scales(**{"size": 900.0, **fields}))) == []


def test_token_ids_lint_and_data_without_variation_stay_quiet() -> None:
    assert check(run_on(inputs=None)) == []
    assert check(make_linted()) == []
    assert check(run_on(inputs=make_scales(spread=0.0, narrow_spread=0.0))) == []


def test_a_network_that_begins_with_batch_norm_stays_quiet() -> None:
    scales = make_scales(size=900.0, spread=1400.0)
    assert check(run_on(beginning("BatchNorm1d"), inputs=scales)) == []
    assert check(run_on(beginning("Flatten", "BatchNorm1d"), inputs=scales)) == []
    assert check(run_on(beginning("Linear", "BatchNorm1d"), inputs=scales)) != []


def test_layer_norm_takes_the_size_away_but_not_the_differences() -> None:
    assert check(run_on(beginning("LayerNorm"), inputs=make_scales(size=900.0))) == []
    [finding] = check(run_on(beginning("LayerNorm"), inputs=make_scales(size=900.0, spread=1400.0)))
    assert [entry.value for entry in finding.evidence] == [700.0]


@pytest.mark.parametrize(
    ("fields", "fires"), [({}, True), ({"size": 40.0}, False), ({"standardized": True}, False)], ids=str
)
def test_large_targets_fire(fields: dict[str, float], fires: bool) -> None:
    targets = make_scales(**{"largest": "price", "size": 170.0, **fields})
    assert bool(check(run_on(targets=targets))) is fires


def test_a_constant_target_is_the_business_of_another_rule() -> None:
    assert check(run_on(targets=make_scales(size=170.0), constant_target=True)) == []


def test_a_good_end_makes_it_a_note() -> None:
    run = run_on(inputs=make_scales(size=900.0), targets=make_scales(size=170.0))
    assert {f.severity for f in judge(run).findings if f.rule == "GC601"} == {Severity.INFO}


def test_harm_that_it_explains_makes_features_an_error_and_targets_a_warning() -> None:
    poor = make_history(outcome=make_outcome(0.1, final_slice_loss=2.3))
    findings = judge(run_on(poor, inputs=make_scales(size=900.0), targets=make_scales(size=170.0))).findings
    features, targets = (f for f in findings if f.rule == "GC601")
    assert findings[0] is features
    assert (features.severity, targets.severity) == (Severity.ERROR, Severity.WARNING)
    assert set(features.explains) & {"GC302", "GC304", "GC305", "GC402"}
    assert targets.explains == ()


def test_fixes_standardise_what_the_finding_is_about() -> None:
    features, targets = check(run_on(inputs=make_scales(size=900.0), targets=make_scales(size=170.0)))
    rule, config = UnscaledInput(), read("diabetes")
    assert [(e.path, e.value) for e in rule.fixes(features, config)[0].edits] == [("data.standardize", True)]
    assert rule.fixes(features, config)[1].edits[0].value == "BatchNorm1d"
    assert [(e.path, e.value) for e in rule.fixes(targets, config)[0].edits] == [("data.standardize_target", True)]
    assert len(rule.fixes(features, read("diabetes", batch_size=2))) == 1
    assert {fix.safety for fix in rule.fixes(features, None)} == {Safety.ADVICE}
