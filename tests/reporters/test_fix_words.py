"""Tests of the end of a search for a fix in one line."""

from __future__ import annotations

import pytest

from gradcheck_cli.diagnosis.fix_report import Attempt, FixOutcome, FixReport
from gradcheck_cli.reporters.concise import render
from gradcheck_cli.reporters.fix_words import OUTCOMES, show_search
from gradcheck_cli.rules.base import Safety, Spread
from tests.histories import make_finding, make_report

CHOSEN = Attempt(("Use ReLU", "Clip the gradient norm"), Safety.UNSAFE, "GC101", 1.0, 0.96)


def make_search(outcome: FixOutcome, *, chosen: Attempt | None = None, withheld: Attempt | None = None) -> FixReport:
    return FixReport(
        outcome,
        cost=3.0,
        applied=chosen.titles if chosen is not None else (),
        before=Spread(0.1, 0.0),
        after=Spread(0.951, 0.008),
        chosen=chosen,
        withheld=withheld,
    )


@pytest.mark.parametrize(
    ("fix", "line"),
    [
        (
            make_search(FixOutcome.FIXED, chosen=CHOSEN),
            "fixed: Use ReLU; then: Clip the gradient norm (0.100 ± 0.000 to 0.951 ± 0.008)",
        ),
        (
            make_search(FixOutcome.IMPROVED, chosen=CHOSEN),
            "improved, but not healthy yet: Use ReLU; then: Clip the gradient norm (0.100 ± 0.000 to 0.951 ± 0.008)",
        ),
        (
            make_search(FixOutcome.NOTHING_WORKED, withheld=CHOSEN),
            "nothing worked among the safe fixes; with --unsafe-fixes: Use ReLU; then: Clip the gradient norm",
        ),
        (make_search(FixOutcome.NOTHING_WORKED), "nothing worked"),
        (make_search(FixOutcome.NOTHING_TO_FIX), "nothing to fix"),
    ],
)
def test_the_end_of_a_search_is_one_line(fix: FixReport, line: str) -> None:
    assert show_search(fix) == line
    assert render(make_report(fix=fix)).splitlines()[0] == f"configs/example.yaml: fix: {line}"


def test_every_outcome_has_words_of_its_own() -> None:
    assert set(OUTCOMES) == set(FixOutcome)
    assert len(set(OUTCOMES.values())) == len(OUTCOMES)


def test_a_check_says_nothing_of_fixing() -> None:
    assert "fix" not in render(make_report(make_finding()))
