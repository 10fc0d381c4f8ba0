from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradcheck_cli.diagnosis.needs import find_skip_reason
from gradcheck_cli.recording.description import DataDescription
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Need
from gradcheck_cli.rules.gradient_flow.vanishing_gradient import VanishingGradient
from gradcheck_cli.rules.outcome.below_expectation import BelowExpectation
from gradcheck_cli.rules.output_and_loss.redundant_softmax import RedundantSoftmax
from tests.histories import make_description, make_epochs, make_history, make_linted, make_steps


class NeedsEverything(VanishingGradient):
    needs = frozenset(Need)


def test_healthy_run_has_all() -> None:
    assert find_skip_reason(NeedsEverything(), make_history()) == ""


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"steps": make_steps(0)}, "no optimizer step"),
        ({"epochs": make_epochs(0)}, "no epoch"),
        ({"signals": {}}, "no signal between layers"),
        ({"signals": {}, "unavailable": {"hooks": "compiled"}}, "(hooks: compiled)"),
        ({"validation_losses": None}, "single validation rows"),
        ({"outcome": None}, "not evaluated"),
    ],
)
def test_each_need_has_its_reason(fields: dict[str, Any], reason: str) -> None:
    assert reason in find_skip_reason(NeedsEverything(), make_history(**fields))


def test_no_validation_rows() -> None:
    description = make_description(data=DataDescription("classification", 1280, 0, 10, (64,)))
    assert "no validation rows" in find_skip_reason(NeedsEverything(), make_history(description))


def test_lint_runs_static_rules_only() -> None:
    assert "not trained" in find_skip_reason(VanishingGradient(), make_linted())
    assert find_skip_reason(RedundantSoftmax(), make_linted()) == ""
    refused = replace(make_linted(), status=RunStatus.FAILED)
    assert "not trained" in find_skip_reason(VanishingGradient(), refused)


def test_a_rules_own_reason_comes_last() -> None:
    assert "diagnostics.expect" in find_skip_reason(BelowExpectation(), make_history())
    assert "not trained" in find_skip_reason(BelowExpectation(), make_linted())
