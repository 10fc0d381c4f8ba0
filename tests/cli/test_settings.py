from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from gradcheck_cli.cli.app import run
from gradcheck_cli.cli.choices import FailOn, OutputFormat
from gradcheck_cli.cli.settings import SettingsFinder, ToolSettings
from gradcheck_cli.diagnosis.rule_settings import RuleSettings
from gradcheck_cli.errors import UsageError
from tests.diagnosis.test_suppression import CONFIG

ALL = """\
select = ["GC1", "overfitting"]
extend-select = ["GC5"]
ignore = ["GC504"]
fail-on = "warning"
output-format = "concise"
jobs = 2
run-dir = "runs"
baseline = "ci/known.json"
per-file-ignores = {"old/*" = ["GC506"], "net.yaml" = ["GC501"]}
[rules.overfitting]
min_rise = 1
severity = "info"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for place in ("old", "new/deep"):
        Path(place).mkdir(parents=True)
    for place in ("net.yaml", "old/a.yaml", "new/deep/b.yaml"):
        Path(place).write_text(CONFIG, encoding="utf-8")
    return tmp_path


def write(text: str, name: str = "gradcheck.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def rules_for(path: str) -> RuleSettings:
    return SettingsFinder().rules_for(path)


def in_table(text: str) -> str:
    """As in a pyproject.toml."""
    return "[tool.gradcheck]\n" + text.replace("[rules", "[tool.gradcheck.rules")


@pytest.mark.parametrize(("name", "text"), [("gradcheck.toml", ALL), ("pyproject.toml", in_table(ALL))])
def test_all_settings_are_read(name: str, text: str, folder: Path) -> None:
    write(text, name)
    assert SettingsFinder().for_command(["new"]) == ToolSettings(
        folder,
        RuleSettings(
            ("GC1", "overfitting"), ("GC5",), ("GC504",), {"overfitting": {"min_rise": 1.0, "severity": "info"}}
        ),
        (("old/*", ("GC506",)), ("net.yaml", ("GC501",))),
        FailOn.WARNING,
        OutputFormat.CONCISE,
        2,
        Path("runs"),
        Path("ci/known.json"),
    )


def test_without_a_file_there_are_no_settings() -> None:
    write("[tool.ruff]\nline-length = 100\n# gradcheck is not set up here\n", "pyproject.toml")
    write("this is [ no TOML", "old/pyproject.toml")
    assert rules_for("net.yaml") == rules_for("old/a.yaml") == rules_for("absent/x.yaml") == RuleSettings()


def test_the_nearest_file_upwards_from_the_config_holds_alone() -> None:
    write('ignore = ["GC1"]')
    write("[tool.other]\ngradcheck = 1\n", "new/deep/pyproject.toml")
    write(in_table('ignore = ["GC2"]'), "new/pyproject.toml")
    assert rules_for("net.yaml").ignore == rules_for("old/a.yaml").ignore == ("GC1",)
    assert rules_for("new/deep/b.yaml").ignore == ("GC2",)
    write('ignore = ["GC3"]', "new/gradcheck.toml")
    assert rules_for("new/deep/b.yaml").ignore == ("GC3",)


def test_a_command_follows_the_folder_that_its_arguments_share() -> None:
    write('fail-on = "info"')
    write('fail-on = "never"', "new/gradcheck.toml")
    finder = SettingsFinder()
    assert finder.for_command(["new/deep/b.yaml"]).fail_on is FailOn.NEVER
    assert finder.for_command(["new/**/*.yaml"]).fail_on is FailOn.NEVER
    assert finder.for_command(["new/deep/b.yaml", "old"]).fail_on is FailOn.INFO
    assert finder.for_command().fail_on is FailOn.INFO


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("old/*", {"old/a.yaml"}),
        ("new/**", {"new/deep/b.yaml"}),
        ("new/*", {"new/deep/b.yaml"}),
        ("**/b.yaml", {"new/deep/b.yaml"}),
        ("**/net.yaml", {"net.yaml"}),
        ("b.yaml", {"new/deep/b.yaml"}),
        ("*.yaml", {"net.yaml", "old/a.yaml", "new/deep/b.yaml"}),
        ("ol/*", set()),
        ("et.yaml", set()),
        ("NEW/*", set()),
    ],
)
def test_globs_of_files(pattern: str, matched: set[str]) -> None:
    write(f'per-file-ignores = {{"{pattern}" = ["GC1"]}}')
    paths = ("net.yaml", "old/a.yaml", "new/deep/b.yaml")
    assert {path for path in paths if rules_for(path).ignore == ("GC1",)} == matched


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('selct = ["GC1"]', "gradcheck.toml:1:1: selct: unknown key 'selct'.*did you mean 'select'"),
        ('extend_select = ["GC1"]', "did you mean 'extend-select'"),
        ('\nignore = "GC1"', "gradcheck.toml:2:1: ignore: 'GC1' is not a list"),
        ('ignore = ["GC1",\n"GC9"]', "gradcheck.toml:1:1: .*'GC9' selects no rule"),
        ('fail-on = "warn"', "'warn' is not known here.*did you mean 'warning'"),
        ('output-format = "yaml"', "'yaml' is not known"),
        ("jobs = 0", "0 is not possible"),
        ("jobs = 1979-05-27", "is not a whole number"),
        ("[rules.overfiting]", "gradcheck.toml:1:2: .*did you mean 'overfitting'"),
        ("[rules.overfitting]\nmin_ris = 1", "gradcheck.toml:2:1: .*did you mean 'min_rise'"),
        ('[rules.overfitting]\nseverity = "fatal"', "'fatal' is not known"),
        ("rules = 1", "1 is not a mapping"),
        ('per-file-ignores = ["a"]', "is not a mapping"),
        ('per-file-ignores = {"a" = ["GC9"]}', "'GC9' selects no rule"),
        ("[tool.gradcheck]\njobs = 1", "the keys stand at the top"),
        ("jobs = ", "gradcheck.toml:1:.*not valid TOML"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_line(text: str, message: str) -> None:
    write(text)
    with pytest.raises(UsageError, match=message):
        rules_for("net.yaml")


@pytest.mark.parametrize("name", ["gradcheck.toml", "pyproject.toml"])
@pytest.mark.parametrize("key", ["allow-import", "allow_import", "allow-imports"])
def test_settings_never_grant_imports(key: str, name: str) -> None:
    text = f'{key} = ["os"]\n'
    write(text if name == "gradcheck.toml" else in_table(text), name)
    with pytest.raises(UsageError, match="granted by --allow-import or GRADCHECK_ALLOW_IMPORT alone"):
        rules_for("net.yaml")


def test_all_that_is_wrong_is_told_at_once() -> None:
    write("jobs = 0\nselct = 1\n")
    with pytest.raises(UsageError) as raised:
        rules_for("net.yaml")
    assert len(raised.value.problems) == 2


def test_the_settings_of_the_readme_are_understood() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    write(readme.split("```toml\n", 1)[1].split("```", 1)[0], "pyproject.toml")
    assert rules_for("experiments/a.yaml").ignore == ("slow-convergence", "GC401", "GC5")
    assert SettingsFinder().for_command().jobs == 2


def test_a_finder_goes_to_another_process() -> None:
    write('ignore = ["GC1"]')
    finder = SettingsFinder()
    finder.for_command()
    assert pickle.loads(pickle.dumps(finder)).rules_for("net.yaml").ignore == ("GC1",)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_lint_follows_the_settings_and_the_command_line_goes_over_them(capsys: pytest.CaptureFixture[str]) -> None:
    write('ignore = ["GC501"]\nfail-on = "warning"\noutput-format = "concise"\n[rules.GC506]\nseverity = "info"\n')
    assert run(["lint", "net.yaml"]) == 1
    assert [line.split()[1] for line in lines(capsys)[:-1]] == ["GC504", "GC506"]
    assert run(["lint", "net.yaml", "--select", "GC506", "--fail-on", "error"]) == 0
    assert [line.split()[1] for line in lines(capsys)[:-1]] == ["GC506"]
    assert run(["lint", "net.yaml", "--output-format", "full"]) == 1
    assert lines(capsys)[0].startswith("! net")


def test_check_keeps_runs_where_the_settings_say_and_report_finds_them(capsys: pytest.CaptureFixture[str]) -> None:
    write('run-dir = "kept"\noutput-format = "concise"\nignore = ["GC"]\n')
    assert run(["check", "new", "--epochs", "1", "--quiet"]) == 0
    assert len(list(Path("kept").glob("*/run.json"))) == 1
    capsys.readouterr()
    assert run(["report"]) == 0
    assert lines(capsys) == ["nothing to report in 1 config"]


def test_broken_settings_end_before_any_training(capsys: pytest.CaptureFixture[str]) -> None:
    write("jbs = 2", "new/gradcheck.toml")
    assert run(["check", "net.yaml", "new/deep/b.yaml"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("gradcheck: new/gradcheck.toml:1:1: jbs:")
    assert "Traceback" not in captured.err


def test_a_baseline_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    write('baseline = "ci/known.json"\noutput-format = "concise"\nfail-on = "warning"\n')
    assert run(["lint", "net.yaml"]) == 2
    assert "does not exist; write it with --write-baseline" in capsys.readouterr().err
    assert run(["lint", "net.yaml", "--write-baseline"]) == 0
    assert Path("ci/known.json").is_file()
    assert run(["lint", "net.yaml"]) == 0
    assert run(["lint", "old/a.yaml"]) == 1
    assert run(["lint", "net.yaml", "--write-baseline", "other.json"]) == 0
    assert Path("other.json").is_file()
