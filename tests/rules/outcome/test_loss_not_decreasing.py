from __future__ import annotations

from gradcheck_cli.rules.outcome.loss_not_decreasing import LossNotDecreasing
from tests.histories import make_history
from tests.rules.outcome.test_decision import ended


def test_says_what_was_measured() -> None:
    (finding,) = LossNotDecreasing().check(ended(2.3, slope=0))
    assert "no better than that of a constant output" in finding.message
    assert finding.path == ""
    assert all(entry.value is not None for entry in finding.evidence)


def test_other_outcomes_are_left_to_others() -> None:
    others = [ended(final, slope=slope) for final, slope in ((9.0, 0), (2.3, 0), (1.0, 0.5), (1.0, 0))]
    assert sum(bool(list(LossNotDecreasing().check(history))) for history in others) == 1


def test_run_that_was_not_evaluated_is_left_alone() -> None:
    assert list(LossNotDecreasing().check(make_history(outcome=None))) == []


def test_fixes_without_a_config_are_advice() -> None:
    (finding,) = LossNotDecreasing().check(ended(2.3, slope=0))
    assert all(not fix.edits for fix in LossNotDecreasing().fixes(finding, None))
