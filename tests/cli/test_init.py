from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from gradcheck_cli.cli.app import run
from gradcheck_cli.cli.choices import Template
from gradcheck_cli.cli.schema_text import SCHEMA_FILE, render_schema
from gradcheck_cli.config.document import read_document
from gradcheck_cli.diagnosis.check import CheckOptions, check_many
from gradcheck_cli.rules.base import Severity

SCHEMA = render_schema()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("template", Template)
def test_every_template_is_clean_and_trains_well(template: Template, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "net.yaml", "--template", template.value]) == 0
    assert run(["lint", "net.yaml", "--output-format", "json", "--fail-on", "info"]) == 0
    # The transformer takes seconds; a third of its steps are enough to learn its task.
    few = ("trainer.epochs=6",) if template is Template.TRANSFORMER else ()
    report = check_many(["net.yaml"], CheckOptions(save=False, overrides=few))
    assert report.exit_code == 0
    assert [finding.message for finding in report.runs[0].findings if finding.severity is not Severity.INFO] == []
    assert report.runs[0].harm.shown is False


@pytest.mark.parametrize("template", Template)
def test_every_template_fits_its_schema_and_explains_itself(template: Template) -> None:
    assert run(["init", "net.yaml", "-t", template.value]) == 0
    document = read_document(Path("net.yaml"))
    assert list(Draft7Validator(json.loads(SCHEMA)).iter_errors(document.data)) == []
    assert document.text.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")
    assert document.text.count("#") >= 12
    assert max(map(len, document.text.splitlines())) <= 120


def test_what_was_written_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Wrote config.yaml, {SCHEMA_FILE}.",
        "Train and judge it: gradcheck check config.yaml",
    ]
    assert Path(SCHEMA_FILE).read_text(encoding="utf-8") == SCHEMA


def test_configs_in_folders_share_one_schema() -> None:
    Path("nets").mkdir()
    assert run(["init", "nets"]) == 0
    assert run(["init", "nets/deep/table.yaml", "--template", "csv"]) == 0
    assert (
        Path("nets/config.yaml")
        .read_text(encoding="utf-8")
        .startswith(f"# yaml-language-server: $schema=../{SCHEMA_FILE}\n")
    )
    assert f"$schema=../../{SCHEMA_FILE}\n" in Path("nets/deep/table.yaml").read_text(encoding="utf-8")
    assert Path("nets/deep/example.csv").is_file()
    assert [str(path) for path in Path().rglob(SCHEMA_FILE)] == [SCHEMA_FILE]


def test_a_config_elsewhere_has_its_schema_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run(["init", "../there/net.yml"]) == 0
    assert (tmp_path / "there" / SCHEMA_FILE).is_file()


@pytest.mark.parametrize("taken", ["net.yaml", "example.csv", SCHEMA_FILE])
def test_nothing_is_overwritten_unless_forced(taken: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(taken).write_text("mine", encoding="utf-8")
    assert run(["init", "net.yaml", "--template", "csv"]) == 2
    assert capsys.readouterr().err == f"gradcheck: '{taken}' is there already; --force overwrites it\n"
    assert Path(taken).read_text(encoding="utf-8") == "mine"
    assert [path.name for path in Path().iterdir()] == [taken]
    assert run(["init", "net.yaml", "--template", "csv", "--force"]) == 0
    assert Path(taken).read_text(encoding="utf-8") != "mine"


def test_a_schema_of_an_older_version_is_made_anew() -> None:
    Path(SCHEMA_FILE).write_text(SCHEMA[:400], encoding="utf-8")
    assert run(["init"]) == 0
    assert Path(SCHEMA_FILE).read_text(encoding="utf-8") == SCHEMA


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["net.txt"], "ends in .yaml or .yml"),
        (["nets"], "ends in .yaml or .yml"),
        (["--template", "cvs"], "csv"),
        (["taken/net.yaml"], "cannot be written"),
    ],
)
def test_bad_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken").write_text("", encoding="utf-8")
    assert run(["init", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_schema_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert capsys.readouterr().out == SCHEMA
    assert run(["schema", "--output", "docs/schema.json"]) == 0
    assert capsys.readouterr() == ("", "Wrote docs/schema.json.\n")
    assert Path("docs/schema.json").read_text(encoding="utf-8") == SCHEMA
    Path("taken").write_text("", encoding="utf-8")
    assert run(["schema", "-o", "taken/schema.json"]) == 2
    assert "cannot be written" in capsys.readouterr().err
