from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck_cli.recording import history
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.outcome.non_finite import NonFinite
from tests.histories import make_history, make_steps


def check(event: history.NonFinite | None, **fields: Any) -> list[Finding]:
    return list(NonFinite().check(make_history(non_finite=event, **fields)))


def test_finite_run_is_left_alone() -> None:
    assert check(None) == []


def test_lasting_nan_is_an_error_by_itself_and_names_the_layers() -> None:
    (finding,) = check(history.NonFinite(7, "gradient", ("linear_1", "linear_2")))
    assert finding.level is Severity.ERROR
    assert finding.message.startswith("The gradient of linear_1 and linear_2 became NaN or Inf.")
    assert finding.first_step == 7


@pytest.mark.parametrize("quantity", ["loss", "gradient", "parameter", "activation"])
def test_each_quantity_is_named_without_layers_too(quantity: str) -> None:
    (finding,) = check(history.NonFinite(0, quantity))
    assert "became NaN or Inf." in finding.message


def test_what_the_run_got_over_is_a_warning() -> None:
    (finding,) = check(history.NonFinite(7, "loss", lasting=False))
    assert finding.level is Severity.WARNING


def test_step_that_the_scaler_left_out_is_ordinary() -> None:
    steps = make_steps(skipped=np.arange(400) == 7)
    assert check(history.NonFinite(7, "gradient", lasting=False), steps=steps) == []
    assert check(history.NonFinite(8, "gradient", lasting=False), steps=steps)


@pytest.mark.parametrize(
    ("origin", "direction", "first"),
    [
        ("log", "forward", "The output of log became -Inf first; everything after it follows from that."),
        ("root", "backward", "The gradient that root passes back became -Inf first;"),
        ("head", "update", "A weight of head, by an update, became -Inf first;"),
        ("loss", "forward", "The loss became -Inf first;"),
        ("input", "forward", "The inputs contain -Inf; everything else that is not finite follows from that."),
    ],
)
def test_the_producer_is_named_and_what_follows_is_not(origin: str, direction: str, first: str) -> None:
    event = history.NonFinite(
        2, "activation", ("log", "relu_1", "head"), origin=origin, direction=direction, value="-inf"
    )
    (finding,) = check(event)
    assert finding.message.startswith(first)
    assert finding.layers == (() if origin in ("loss", "input") else (origin,))
    assert ("produced by", origin) in [(one.name, one.value) for one in finding.evidence]


def test_rows_are_listed_in_the_message_up_to_eight_and_all_in_the_evidence() -> None:
    few, many = (
        check(history.NonFinite(2, "activation", origin="log", direction="forward", value="nan", rows=rows))[0]
        for rows in ((3, 17), tuple(range(20)))
    )
    assert "at step 2, in rows 3, 17 of its batch." in few.message
    assert "7 and others of its batch." in many.message
    assert many.evidence[-1].value == ", ".join(str(row) for row in range(20))
