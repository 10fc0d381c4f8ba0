"""Tests of the Reviewdog Diagnostic Format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import Edit, EditOp
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.errors import Problem
from gradcheck_cli.reporters.rdjson import render
from gradcheck_cli.rules.base import Safety, Severity
from tests.histories import make_finding, make_fix, make_report
from tests.schemas import RDJSON, validate

TEXT = "data: iris\nmodel:\n  layers:\n    - ReLU\n    - Tanh\noptimizer: {lr: 1}\n"
DOCUMENT = parse_document(TEXT, source="configs/example.yaml")


def read(report: Report) -> list[dict[str, Any]]:
    document = json.loads(render(report))
    validate(document, RDJSON)
    assert document["source"] == {"name": "gradcheck"}
    diagnostics = document["diagnostics"]
    assert isinstance(diagnostics, list)
    return diagnostics


def test_a_diagnostic_has_place_severity_and_code() -> None:
    (entry,) = read(make_report(make_finding(severity=Severity.WARNING), document=DOCUMENT))
    assert entry["location"] == {
        "path": "configs/example.yaml",
        "range": {"start": {"line": 4, "column": 7}, "end": {"line": 4, "column": 11}},
    }
    assert (entry["severity"], entry["code"]) == ("WARNING", {"value": "GC101"})
    assert "suggestions" not in entry


def test_columns_are_counted_in_bytes() -> None:
    document = parse_document("data: {name: 'a𐐀é', loss: b}\n", source="a.yaml")
    (entry,) = read(make_report(make_finding(path="data.loss"), document=document))
    assert entry["location"]["range"]["start"] == {"line": 1, "column": len("data: {name: 'a𐐀é', loss: ".encode()) + 1}


@pytest.mark.parametrize(
    ("edits", "lines", "text"),
    [
        ((Edit(EditOp.SET, "optimizer.lr", 2),), (6, 6), "optimizer: {lr: 2}"),
        ((Edit(EditOp.REMOVE, "model.layers[0]"),), (4, 4), ""),
        ((Edit(EditOp.INSERT, "model.layers[1]", "GELU"),), (5, 5), "    - GELU\n    - Tanh"),
        (
            (Edit(EditOp.SET, "model.layers[0]", "GELU"), Edit(EditOp.SET, "optimizer.lr", 2)),
            (4, 6),
            "    - GELU\n    - Tanh\noptimizer: {lr: 2}",
        ),
    ],
)
def test_a_suggestion_is_one_stretch_of_lines(edits: tuple[Edit, ...], lines: tuple[int, int], text: str) -> None:
    (entry,) = read(make_report(make_finding(fixes=(make_fix(edits=edits),)), document=DOCUMENT))
    assert entry["suggestions"] == [{"range": {"start": {"line": lines[0]}, "end": {"line": lines[1]}}, "text": text}]


def test_the_first_fix_that_can_be_made_is_suggested() -> None:
    advice = make_fix("Think", safety=Safety.ADVICE)
    unfit = make_fix("Unfit", edits=(Edit(EditOp.REMOVE, "model.layers[9]"),))
    same = make_fix("Nothing new", edits=(Edit(EditOp.SET, "optimizer.lr", 1),))
    fits = make_fix("Fits", edits=(Edit(EditOp.SET, "optimizer.lr", 3),))
    (entry,) = read(make_report(make_finding(fixes=(advice, unfit, same, fits)), document=DOCUMENT))
    assert entry["suggestions"][0]["text"] == "optimizer: {lr: 3}"


def test_failures_name_themselves() -> None:
    late = (Problem("", "not done", is_of_config=False), Problem("loss", "unknown", line=9, column=30))
    entries = read(make_report(errors=late))
    assert [entry["code"]["value"] for entry in entries] == ["run-failed", "GC001"]
    assert {entry["severity"] for entry in entries} == {"ERROR"}
