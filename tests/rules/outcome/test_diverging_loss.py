from __future__ import annotations

import numpy as np
import pytest

from gradcheck_cli.rules.outcome.diverging_loss import DivergingLoss
from tests.histories import make_epochs, make_history, make_outcome
from tests.rules.outcome.test_decision import ended


def test_says_what_was_measured() -> None:
    (finding,) = DivergingLoss().check(ended(9.0, slope=0))
    assert "ended above where it started" in finding.message
    assert finding.path == ""
    assert all(entry.value is not None for entry in finding.evidence)


def test_other_outcomes_are_left_to_others() -> None:
    others = [ended(final, slope=slope) for final, slope in ((9.0, 0), (2.3, 0), (1.0, 0.5), (1.0, 0))]
    assert sum(bool(list(DivergingLoss().check(history))) for history in others) == 1


def test_run_that_was_not_evaluated_is_left_alone() -> None:
    assert list(DivergingLoss().check(make_history(outcome=None))) == []


def test_fixes_without_a_config_are_advice() -> None:
    (finding,) = DivergingLoss().check(ended(9.0, slope=0))
    assert all(not fix.edits for fix in DivergingLoss().fixes(finding, None))


@pytest.mark.parametrize(
    ("start", "final", "sentence"),
    [
        (2.4, 9.0, "The training loss ended above where it started. It went from 2.4 to 9,"),
        (2.4, np.nan, "The training loss ended as NaN or Inf. It started at 2.4,"),
        (np.nan, np.nan, "The training loss was NaN or Inf from the start. For comparison,"),
    ],
)
def test_message_names_no_number_that_is_none(start: float, final: float, sentence: str) -> None:
    outcome = make_outcome(0.1, initial_slice_loss=start, final_slice_loss=final)
    (finding,) = DivergingLoss().check(make_history(epochs=make_epochs(slice_loss=final), outcome=outcome))
    assert finding.message.startswith(sentence)
    assert "nan" not in finding.message
