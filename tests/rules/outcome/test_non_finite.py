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
