"""Tests of the JSON report against a validator written from the contract."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import Edit, EditOp
from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import Reference, RunStatus
from gradcheck_cli.reporters.json_format import make_plain, render
from gradcheck_cli.rules.base import Evidence, Safety
from tests.histories import make_epochs, make_finding, make_fix, make_history, make_linted, make_outcome, make_report

NUMBER = (int, float, type(None))
TEXT = (str, type(None))

REPORT = {"schema_version": int, "tool": {"name": str, "version": str}, "exit_code": int, "runs": list}
RUN: dict[str, Any] = {
    "config": str,
    "name": str,
    "seed": int,
    "threads": NUMBER,
    "run_dir": TEXT,
    "status": str,
    "errors": list,
    "steps": NUMBER,
    "planned_steps": NUMBER,
    "epochs": NUMBER,
    "seconds": NUMBER,
    "metric": {
        "name": TEXT,
        "higher_is_better": (bool, type(None)),
        "value": NUMBER,
        "best": NUMBER,
        "standard_error": NUMBER,
    },
    "seed_metrics": (list, type(None)),
    "losses": {"train": NUMBER, "validation": NUMBER, "best_validation": NUMBER, "best_epoch": NUMBER},
    "references": {"trivial": NUMBER, "nearest_neighbours": NUMBER, "linear": NUMBER},
    "harm": {"shown": (bool, type(None)), "by": TEXT, "explanation": str},
    "coverage": {"layers_observed": NUMBER, "layers": NUMBER, "note": TEXT},
    "rules": list,
    "findings": list,
    "fix": type(None),
}
RULE = {"rule": str, "name": str, "status": str, "reason": TEXT}
FINDING = {
    "rule": str,
    "name": str,
    "severity": str,
    "message": str,
    "why": str,
    "path": str,
    "line": NUMBER,
    "column": NUMBER,
    "end_line": NUMBER,
    "end_column": NUMBER,
    "layers": list,
    "first_step": NUMBER,
    "fingerprint": str,
    "seeds": {"found": int, "of": int},
    "explains": list,
    "evidence": list,
    "fixes": list,
}
EVIDENCE = {"name": str, "value": (int, float, str), "limit": (int, float, str, type(None)), "unit": str}
FIX = {"title": str, "safety": str, "reason": str, "edits": list, "verdict": type(None)}
ERROR = {"rule": TEXT, "path": str, "line": NUMBER, "column": NUMBER, "message": str, "allowed": TEXT, "hint": TEXT}
NON_FINITE = {"nan", "inf", "-inf"}


def validate(value: Any, shape: Any) -> None:
    """Exactly these keys in this order, and a type for each leaf; a number may be one of the non-finite strings."""
    if isinstance(shape, dict):
        assert list(value) == list(shape)
        for key, inner in shape.items():
            validate(value[key], inner)
    elif shape == NUMBER and isinstance(value, str):
        assert value in NON_FINITE
    else:
        assert isinstance(value, shape), (value, shape)


def parse(report: Report) -> Any:
    """The report read back, strictly, and checked against the contract."""
    document = json.loads(render(report), parse_constant=lambda name: pytest.fail(f"bare {name}"))
    validate(document, REPORT)
    for run in document["runs"]:
        validate(run, RUN)
        for entries, shape in (("rules", RULE), ("findings", FINDING), ("errors", ERROR)):
            for entry in run[entries]:
                validate(entry, shape)
        for finding in run["findings"]:
            for evidence in finding["evidence"]:
                validate(evidence, EVIDENCE)
            for fix in finding["fixes"]:
                validate(fix, FIX)
    return document


def test_a_run_with_findings_has_the_shape_of_the_contract() -> None:
    fix = make_fix(safety=Safety.SAFE, edits=(Edit(EditOp.SET, "optimizer.lr", 0.01),))
    document = parse(make_report(make_finding(fixes=(fix,), explains=("GC304",)), run_dir=Path("runs/a")))
    run = document["runs"][0]
    assert (document["schema_version"], document["exit_code"], run["status"]) == (1, 1, "completed")
    assert run["run_dir"] == str(Path("runs/a"))
    finding = run["findings"][0]
    assert finding["evidence"] == [
        {"name": "backward signal, first over last layer", "value": 1e-6, "limit": 3e-3, "unit": "ratio"}
    ]
    assert finding["fixes"][0]["edits"] == [{"op": "set", "path": "optimizer.lr", "value": 0.01}]
    assert finding["explains"] == ["GC304"]
    assert run["references"] == {"trivial": 0.1, "nearest_neighbours": 0.97, "linear": 0.96}


def test_lines_and_columns_come_from_the_document() -> None:
    document = parse_document("data: iris\nmodel:\n  layers:\n    - ReLU\n", source="configs/example.yaml")
    finding = parse(make_report(make_finding(), document=document))["runs"][0]["findings"][0]
    assert [finding[key] for key in ("line", "column", "end_line", "end_column")] == [4, 7, 4, 11]


def test_a_config_that_cannot_be_read_has_every_key() -> None:
    problem = Problem("loss", "unknown", line=3, column=7)
    run = parse(Report("check", (RunReport("bad.yaml", "bad", 0, RunStatus.FAILED, errors=(problem,)),), 2))["runs"][0]
    assert run["errors"][0] == {
        "rule": "GC001",
        "path": "loss",
        "line": 3,
        "column": 7,
        "message": "unknown",
        "allowed": None,
        "hint": None,
    }
    assert [run[key] for key in ("steps", "planned_steps", "epochs", "seconds", "threads")] == [None] * 5


def test_a_failure_that_is_no_fault_of_the_config_has_no_rule() -> None:
    problem = Problem("", "not done after 5 seconds", is_of_config=False)
    assert parse(make_report(errors=(problem,)))["runs"][0]["errors"][0]["rule"] is None


def test_a_linted_config_has_nothing_measured_and_no_zeros() -> None:
    run = parse(make_report(history=make_linted(), command="lint"))["runs"][0]
    assert [run[key] for key in ("steps", "epochs", "seconds")] == [None] * 3
    assert set(run["losses"].values()) == {None}
    assert set(run["metric"].values()) == {None}


def test_non_finite_numbers_are_strings_and_missing_ones_null() -> None:
    outcome = make_outcome(value=math.nan, best=-math.inf, references={"trivial": Reference(0.1, math.nan, math.nan)})
    history = replace(make_history(), outcome=outcome, epochs=make_epochs(3, train_loss=[1.0, 2.0, math.inf]))
    finding = make_finding(evidence=(Evidence("loss", math.inf, None),))
    run = parse(make_report(finding, history=history))["runs"][0]
    assert (run["metric"]["value"], run["metric"]["best"]) == ("nan", "-inf")
    assert run["losses"]["train"] == "inf"
    assert run["references"] == {"trivial": 0.1, "nearest_neighbours": None, "linear": None}
    assert run["findings"][0]["evidence"][0]["value"] == "inf"


def test_numpy_values_in_evidence_and_edits_become_plain() -> None:
    assert make_plain({"a": np.float64(0.5), "b": (np.int64(2), np.float32("nan")), 3: True, "p": Path("x")}) == {
        "a": 0.5,
        "b": [2, "nan"],
        "3": True,
        "p": "x",
    }
