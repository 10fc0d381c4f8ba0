"""Tests of the `fix` of a run and of verdicts on fixes as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradcheck_cli.config.edits import Edit, EditOp
from gradcheck_cli.diagnosis.fix_report import Attempt, FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters.json_fix import describe_search, describe_verdict
from gradcheck_cli.reporters.json_format import render
from gradcheck_cli.rules.base import Safety, Spread, Verdict, VerdictOutcome
from tests.histories import make_finding, make_fix, make_report
from tests.reporters.test_json_format import NUMBER, TEXT, validate

SPREAD = {"mean": NUMBER, "spread": NUMBER}
SEARCH: dict[str, Any] = {
    "outcome": str,
    "applied": list,
    "remaining": list,
    "output": TEXT,
    "before": SPREAD,
    "after": SPREAD,
    "validation_loss_before": SPREAD,
    "validation_loss_after": SPREAD,
    "cost": NUMBER,
    "attempts": list,
    "withheld": (list, type(None)),
    "best": (list, type(None)),
    "notes": list,
}
ATTEMPT: dict[str, Any] = {
    "fixes": list,
    "safety": str,
    "rule": str,
    "share": NUMBER,
    "metric": NUMBER,
    "failed": TEXT,
    "verdict": (dict, type(None)),
}
VERDICT: dict[str, Any] = {
    "outcome": str,
    "seeds": int,
    "before": SPREAD,
    "after": SPREAD,
    "control": SPREAD,
    "symptom_gone": bool,
    "gain_shown": bool,
}

VERDICT_FIXED = Verdict(
    VerdictOutcome.FIXED, 3, Spread(0.1, 0.0), Spread(0.95, 0.01), Spread(0.2, 0.0), symptom_gone=True, gain_shown=True
)
CHOSEN = Attempt(("Use ReLU",), Safety.UNSAFE, "GC101", 1.0, 0.96, verdict=VERDICT_FIXED, text="a: 1\n")
FAILED = Attempt(("Use Adam",), Safety.SAFE, "GC304", 0.25, math.nan, failed="it ended as NaN or Inf")
FIXED = FixReport(
    FixOutcome.FIXED,
    cost=7.25,
    applied=CHOSEN.titles,
    remaining=(make_finding("GC305"), make_finding("GC304"), make_finding("GC305")),
    output=Path("fixed.yaml"),
    before=Spread(0.1, 0.0),
    after=Spread(0.95, 0.01),
    validation_loss_before=Spread(2.3, 0.1),
    validation_loss_after=Spread(0.2, 0.1),
    attempts=(FAILED, CHOSEN),
    chosen=CHOSEN,
    notes=("A note.",),
)


def parse(report: Report) -> Any:
    """The search of the only run, read back strictly."""

    def refuse(name: str) -> None:
        raise AssertionError(f"bare {name}")

    return json.loads(render(report), parse_constant=refuse)["runs"][0]["fix"]


def test_a_fixed_config_has_the_shape_of_the_contract() -> None:
    fix = parse(make_report(make_finding(), command="fix", fix=FIXED))
    validate(fix, SEARCH)
    for attempt in fix["attempts"]:
        validate(attempt, ATTEMPT)
    validate(fix["attempts"][1]["verdict"], VERDICT)
    assert fix["outcome"] == "fixed"
    assert fix["applied"] == ["Use ReLU"]
    assert fix["output"] == "fixed.yaml"
    assert fix["cost"] == 7.25
    assert (fix["before"], fix["after"]) == ({"mean": 0.1, "spread": 0.0}, {"mean": 0.95, "spread": 0.01})
    assert fix["validation_loss_after"] == {"mean": 0.2, "spread": 0.1}
    assert fix["notes"] == ["A note."]


def test_what_is_left_are_codes_each_once_in_order() -> None:
    assert parse(make_report(command="fix", fix=FIXED))["remaining"] == ["GC305", "GC304"]


def test_attempts_keep_their_order_and_a_failed_one_its_reason() -> None:
    first, second = parse(make_report(command="fix", fix=FIXED))["attempts"]
    assert first == {
        "fixes": ["Use Adam"],
        "safety": "safe",
        "rule": "GC304",
        "share": 0.25,
        "metric": "nan",
        "failed": "it ended as NaN or Inf",
        "verdict": None,
    }
    assert second["failed"] is None
    assert second["verdict"]["control"] == {"mean": 0.2, "spread": 0.0}


def test_what_is_not_known_is_null() -> None:
    fix = parse(make_report(command="fix", fix=FixReport(FixOutcome.NOTHING_TO_FIX, cost=1.0)))
    assert fix["outcome"] == "nothing-to-fix"
    empty = ("output", "before", "after", "validation_loss_before", "validation_loss_after", "withheld", "best")
    assert [fix[key] for key in empty] == [None] * len(empty)
    assert (fix["applied"], fix["remaining"], fix["attempts"], fix["notes"]) == ([], [], [], [])


def test_withheld_and_best_are_named_by_their_fixes() -> None:
    fix = replace(FIXED, outcome=FixOutcome.NOTHING_WORKED, applied=(), chosen=None, withheld=CHOSEN, best=FAILED)
    described = parse(make_report(command="fix", fix=fix))
    assert described["withheld"] == ["Use ReLU"]
    assert described["best"] == ["Use Adam"]


def test_other_commands_have_no_search() -> None:
    assert parse(make_report(make_finding())) is None
    assert describe_search(None) is None
    assert describe_verdict(None) is None


def test_the_verdict_stands_beside_the_suggestion_that_was_proven() -> None:
    proven = make_fix(edits=(Edit(EditOp.SET, "a", 1),), verdict=VERDICT_FIXED)
    report = make_report(make_finding(fixes=(proven, make_fix("Use Adam"))), command="fix", fix=FIXED)
    fixes = json.loads(render(report))["runs"][0]["findings"][0]["fixes"]
    validate(fixes[0]["verdict"], VERDICT)
    assert fixes[0]["verdict"]["outcome"] == "fixed"
    assert fixes[1]["verdict"] is None


def test_an_original_without_a_metric_has_no_before() -> None:
    verdict = describe_verdict(replace(VERDICT_FIXED, before=None, control=None))
    assert verdict is not None
    assert (verdict["before"], verdict["control"]) == (None, None)
