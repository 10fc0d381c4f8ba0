from __future__ import annotations

import pytest

from gradcheck_cli.rules.base import Severity
from gradcheck_cli.rules.outcome.below_expectation import BelowExpectation
from tests.histories import make_history, make_outcome


def test_unmet_expectation_is_an_error_without_further_proof() -> None:
    (finding,) = BelowExpectation(val_metric=0.95).check(make_history(outcome=make_outcome(0.949)))
    assert finding.level is Severity.ERROR
    assert finding.path == "diagnostics.expect.val_metric"
    assert (finding.evidence[0].value, finding.evidence[0].limit) == (0.949, 0.95)


@pytest.mark.parametrize("value", [0.95, 0.96])
def test_met_expectation_is_left_alone(value: float) -> None:
    assert list(BelowExpectation(val_metric=0.95).check(make_history(outcome=make_outcome(value)))) == []


def test_metric_that_is_not_a_number_does_not_meet_it() -> None:
    assert list(BelowExpectation(val_metric=0.5).check(make_history(outcome=make_outcome(float("nan")))))


def test_skipped_without_an_expectation() -> None:
    assert "diagnostics.expect" in BelowExpectation().skip_reason(make_history())
    assert BelowExpectation(val_metric=0.5).skip_reason(make_history()) == ""
