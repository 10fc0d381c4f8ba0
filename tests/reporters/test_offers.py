"""Tests of the changes that formats offer, and of how formats tell of a search for a fix."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gradcheck_cli.diagnosis.fix_report import FixOutcome
from gradcheck_cli.reporters import concise, junit, markdown, rdjson, sarif
from gradcheck_cli.reporters.offers import list_offers
from gradcheck_cli.rules.base import Safety, Severity, VerdictOutcome
from tests.histories import make_finding, make_fix
from tests.reporters.searches import COMBINED, FIXED, lower_rate, make_attempt, make_search, make_verdict, raise_rate


def test_a_proven_change_is_told_with_what_retraining_showed() -> None:
    finding = make_finding(fixes=(lower_rate(make_verdict()), raise_rate()))
    [run] = make_search(finding, chosen=make_attempt()).runs
    first, second = list_offers(finding, run)
    assert first.after == FIXED
    assert first.text.startswith("Lower the rate. ")
    assert first.text.endswith("Tried on 3 fresh seeds: fixed, accuracy 0.100 +- 0.010 to 0.900 +- 0.020.")
    assert "Tried" not in second.text


def test_several_fixes_together_are_offered_first_to_every_finding_that_they_do_away_with() -> None:
    chosen = make_attempt(COMBINED, "Lower the rate", "Train longer", safety=Safety.UNSAFE)
    gone, left = make_finding("GC101", fixes=(lower_rate(),)), make_finding("GC304", fixes=(raise_rate(),))
    note = make_finding("GC603", severity=Severity.INFO)
    [run] = make_search(gone, left, note, chosen=chosen, remaining=(left,)).runs
    assert [offer.after for offer in list_offers(gone, run)] == [COMBINED, FIXED]
    assert [offer.safety for offer in list_offers(gone, run)] == [Safety.UNSAFE, Safety.SAFE]
    assert [offer.after for offer in list_offers(left, run)] == [FIXED.replace("0.01", "1.0")]
    assert list(list_offers(note, run)) == []


def test_sarif_and_rdjson_put_the_proven_change_first() -> None:
    finding = make_finding(fixes=(raise_rate(),))
    report = make_search(finding, chosen=make_attempt())
    [result] = json.loads(sarif.render(report))["runs"][0]["results"]
    assert [fix["properties"] for fix in result["fixes"]] == [
        {"safety": "safe", "verdict": "fixed"},
        {"safety": "safe"},
    ]
    [diagnostic] = json.loads(rdjson.render(report))["diagnostics"]
    assert diagnostic["suggestions"][0]["text"] == "optimizer: {type: SGD, lr: 0.01}"


@pytest.mark.parametrize("outcome", [VerdictOutcome.WORSE, VerdictOutcome.NO_EFFECT, VerdictOutcome.FAILED])
def test_rdjson_suggests_nothing_that_was_shown_to_be_of_no_use(outcome: VerdictOutcome) -> None:
    finding = make_finding(fixes=(raise_rate(make_verdict(outcome)),))
    report = make_search(finding, outcome=FixOutcome.NOTHING_WORKED)
    [diagnostic] = json.loads(rdjson.render(report))["diagnostics"]
    assert "suggestions" not in diagnostic


def test_markdown_shows_the_outcome_the_gain_and_the_change() -> None:
    text = markdown.render(make_search(chosen=make_attempt()))
    assert "vanishing-gradient; fixed |" in text
    assert "**✓ Fixed**: Lower the rate \\[safe\\]" in text
    assert "accuracy 0.100 ± 0.010 to 0.900 ± 0.020 on 3 fresh seeds; GC101 is gone." in text
    assert "It took 6.4 full runs." in text
    assert "```diff\n- optimizer: {type: SGD, lr: 0.1}\n+ optimizer: {type: SGD, lr: 0.01}\n```" in text


def test_markdown_shows_what_only_unsafe_fixes_do_and_the_best_attempt() -> None:
    unsafe = make_attempt(safety=Safety.UNSAFE)
    text = markdown.render(make_search(outcome=FixOutcome.NOTHING_WORKED, withheld=unsafe, attempts=(unsafe,)))
    assert "**! Nothing worked among the safe fixes**: with --unsafe-fixes: Lower the rate" in text
    text = markdown.render(make_search(outcome=FixOutcome.NOTHING_WORKED, best=unsafe, notes=("A note.",)))
    assert "The best attempt: Lower the rate \\[unsafe\\]: accuracy 0.900, which fresh seeds did not confirm." in text
    assert "\nA note.\n" in text
    unproven = replace(unsafe, verdict=None)
    text = markdown.render(make_search(outcome=FixOutcome.NOTHING_WORKED, best=unproven))
    assert "The best attempt: Lower the rate \\[unsafe\\]: accuracy 0.900, not proven." in text


def test_concise_tells_the_outcome_in_a_line() -> None:
    text = concise.render(make_search(chosen=make_attempt()))
    assert "a.yaml: fixed: Lower the rate [safe]: accuracy 0.100 +- 0.010 to 0.900 +- 0.020\n" in text
    assert text.isascii()
    withheld = make_attempt(safety=Safety.UNSAFE)
    text = concise.render(make_search(outcome=FixOutcome.IMPROVED, chosen=make_attempt(), withheld=withheld))
    assert "0.900 +- 0.020; with --unsafe-fixes: Lower the rate: accuracy 0.100 +- 0.010 to 0.900 +- 0.020\n" in text
    assert "a.yaml: nothing worked\n" in concise.render(make_search(outcome=FixOutcome.NOTHING_WORKED))


@pytest.mark.parametrize("is_left", [True, False])
def test_a_case_of_junit_fails_where_the_finding_is_left_in_the_fixed_config(is_left: bool) -> None:
    finding = make_finding(fixes=(make_fix(),))
    report = make_search(finding, chosen=make_attempt(), remaining=(finding,) if is_left else ())
    text = junit.render(report)
    assert ("<failure" in text) is is_left
    assert "fixed: Lower the rate" in text
