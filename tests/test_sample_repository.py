"""The sample repository gives the expected files in every format, each read by a validator or reader of that format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from gradcheck_cli.cli.app import run
from gradcheck_cli.config.edits import apply_edits
from gradcheck_cli.diagnosis.check import lint_many
from gradcheck_cli.reporters.registry import FORMATS
from gradcheck_cli.rules import ALL
from tests.sample_repository.golden import checkout, expected_file, normalize, render_all
from tests.schemas import GITLAB, RDJSON, SARIF, validate

UNREADABLE = ("configs/naïve names, 100%.yaml", "configs/typing_errors.yaml", "configs/unclosed.yaml")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    with checkout(tmp_path) as place:
        yield place


def write(repository: Path, name: str, *arguments: str) -> str:
    """The text of one format, from a file of its own."""
    path = repository / "report"
    run([*(arguments or ("lint", "configs")), f"--report={name}={path}"])
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_as_expected(name: str, repository: Path, tmp_path: Path) -> None:
    assert normalize(name, write(repository, name)) == expected_file(name).read_text(encoding="utf-8")


def test_all_formats_of_one_run_are_those_of_single_runs(repository: Path, tmp_path: Path) -> None:
    for name, text in render_all(tmp_path).items():
        assert text == expected_file(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"full", "github"}))
def test_standard_output_holds_the_same(name: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", "configs", "--output-format", name]) == 2
    assert normalize(name, capsys.readouterr().out) == expected_file(name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("config", "options", "code"),
    [
        ("healthy", [], 0),
        ("softmax_twice", [], 0),
        ("softmax_twice", ["--fail-on", "warning"], 1),
        ("two_outputs", [], 1),
        ("two_outputs", ["--fail-on", "never"], 0),
        ("two_outputs", ["--ignore", "GC502"], 0),
        ("typing_errors", ["--fail-on", "never"], 2),
        ("unclosed", [], 2),
        ("workflow", [], 2),
        ("absent", [], 2),
    ],
)
def test_exit_codes_of_lint(config: str, options: list[str], code: int, repository: Path) -> None:
    assert run(["lint", f"configs/{config}.yaml", *options]) == code


@pytest.mark.parametrize(("config", "code"), [("healthy", 0), ("two_outputs", 1), ("softmax_twice", 1)])
def test_a_check_in_every_format(config: str, code: int, repository: Path) -> None:
    """Two outputs are refused by torch, which a finding explains."""
    files = [f"--report={name}={repository / name}" for name in FORMATS]
    assert run(["check", f"configs/{config}.yaml", "--no-save", "--quiet", *files]) == code
    texts = {name: (repository / name).read_text(encoding="utf-8") for name in FORMATS}
    for name, schema in (("sarif", SARIF), ("gitlab", GITLAB), ("rdjson", RDJSON)):
        validate(json.loads(texts[name]), schema)
    suites = JUnitXml.fromstring(texts["junit"].encode())
    assert (suites.failures > 0) is (code == 1)
    assert json.loads(texts["json"])["exit_code"] == code
    assert all(texts.values())


def test_sarif_holds_against_the_official_schema(repository: Path) -> None:
    document = json.loads(write(repository, "sarif"))
    validate(document, SARIF)
    (log,) = document["runs"]
    rules = log["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in log["results"])


def test_config_errors_are_results_with_line_and_column(repository: Path) -> None:
    (log,) = json.loads(write(repository, "sarif", "lint", "configs/typing_errors.yaml"))["runs"]
    regions = [result["locations"][0]["physicalLocation"]["region"] for result in log["results"]]
    assert {result["ruleId"] for result in log["results"]} == {"GC001"}
    assert [(region["startLine"], region["startColumn"]) for region in regions] == [
        (1, 20),
        (4, 22),
        (5, 7),
        (6, 7),
        (9, 24),
        (10, 19),
    ]


def test_fixes_in_sarif_lead_to_the_edited_text(repository: Path) -> None:
    (log,) = json.loads(write(repository, "sarif"))["runs"]
    by_place = {
        (run.config, finding.rule): (run.document, finding)
        for run in lint_many(["configs"]).runs
        for finding in run.findings
    }
    checked = 0
    for result in log["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for number, fix in enumerate(result.get("fixes", ())):
            document, finding = by_place[uri, result["ruleId"]]
            assert document is not None
            (change,) = fix["artifactChanges"]
            assert change["artifactLocation"]["uri"] == uri
            changed = apply_replacements(document.text, change["replacements"])
            assert changed == apply_edits(document.text, finding.fixes[number].edits)
            checked += 1
    assert checked >= 5


def apply_replacements(text: str, replacements: list[dict[str, Any]]) -> str:
    """What an editor does with SARIF's replacements: the last first, each by lines and columns from 1."""
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:index]) for index in range(len(lines))]
    for replacement in reversed(replacements):
        region = replacement["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:start] + replacement["insertedContent"]["text"] + text[end:]
    return text


def test_gitlab_report_holds_against_its_schema(repository: Path) -> None:
    issues = json.loads(write(repository, "gitlab"))
    validate(issues, GITLAB)
    fingerprints = [issue["fingerprint"] for issue in issues]
    assert len(set(fingerprints)) == len(fingerprints) == 14
    assert {issue["location"]["path"] for issue in issues} == {
        *UNREADABLE,
        "configs/softmax_twice.yaml",
        "configs/two_outputs.yaml",
    }


def test_rdjson_holds_against_its_schema_and_counts_bytes(repository: Path) -> None:
    document = json.loads(write(repository, "rdjson"))
    validate(document, RDJSON)
    (text,) = (Path(UNREADABLE[0]).read_bytes(),)
    ranges = [entry["location"]["range"] for entry in document["diagnostics"][1:3]]
    lines = text.split(b"\n")
    quoted = [lines[r["start"]["line"] - 1][r["start"]["column"] - 1 : r["end"]["column"] - 1] for r in ranges]
    assert [quote.decode() for quote in quoted] == ['"größe<1>&*"', '"größe"']


def test_suggestions_replace_whole_lines(repository: Path) -> None:
    document = json.loads(write(repository, "rdjson", "lint", "configs/two_outputs.yaml"))
    suggestions = {entry["code"]["value"]: entry["suggestions"] for entry in document["diagnostics"]}
    assert suggestions["GC502"] == [
        {
            "range": {"start": {"line": 8}, "end": {"line": 8}},
            "text": "    - {type: Linear, out_features: 3, name: head}",
        }
    ]
    (suggestion,) = suggestions["GC504"]
    lines = Path("configs/two_outputs.yaml").read_text(encoding="utf-8").split("\n")
    assert suggestion["text"].split("\n") == ["    - ReLU", lines[5]]


def test_junit_is_read_by_a_reader_of_junit(repository: Path) -> None:
    suites = JUnitXml.fromstring(write(repository, "junit").encode())
    by_name = {suite.name: suite for suite in suites}
    assert list(by_name) == sorted(by_name)
    assert (suites.tests, suites.failures, suites.errors) == (3 * len(ALL) + len(UNREADABLE), 1, len(UNREADABLE))
    cases = {case.name: case for case in by_name["configs/two_outputs.yaml"]}
    assert cases["GC502 wrong-output-width"].result[0].type == "error"
    assert cases["GC504 missing-nonlinearity"].is_passed
    assert "Nothing bends the signal" in cases["GC504 missing-nonlinearity"].system_out
    assert cases["GC101 vanishing-gradient"].result[0].message == "the network was not trained"
    (case,) = by_name["configs/unclosed.yaml"]
    assert (case.name, case.result[0].type) == ("GC001 invalid-config", "GC001")
