"""Tests of options over tool settings, for all commands that judge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.cli.app import run
from gradcheck_cli.cli.choices import FailOn, OutputFormat
from gradcheck_cli.cli.request import make_request
from gradcheck_cli.diagnosis.check_options import CheckOptions
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.diagnosis.rule_settings import no_settings
from gradcheck_cli.errors import UsageError
from gradcheck_cli.fixing import fix as fixing
from gradcheck_cli.fixing.fix import FixOptions
from tests.histories import make_report

SILENT: dict[str, Any] = dict.fromkeys(
    ("select", "extend_select", "ignore", "fail_on", "baseline", "output_format", "reports")
)
SETTINGS = 'fail-on = "info"\njobs = 3\noutput-format = "json"\nrun-dir = "kept"\nbaseline = "known.json"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_options_and_settings_all_is_as_by_default() -> None:
    request = make_request(["a.yaml"], **SILENT)
    assert replace(request.options, settings_of=no_settings) == CheckOptions()
    assert (request.output_format, request.jobs, request.files) == (OutputFormat.FULL, 1, ())


def test_settings_stand_in_for_options_and_options_go_over_them() -> None:
    Path("gradcheck.toml").write_text(SETTINGS, encoding="utf-8")
    request = make_request(["a.yaml"], **SILENT)
    assert (request.options.fail_on, request.options.run_dir) == ("info", Path("kept"))
    assert (request.options.baseline, request.options.write_baseline) == (Path("known.json"), None)
    assert (request.output_format, request.jobs) == (OutputFormat.JSON, 3)
    given: dict[str, Any] = {
        **SILENT,
        "fail_on": FailOn.NEVER,
        "output_format": OutputFormat.CONCISE,
        "baseline": Path("b.json"),
        "select": ["GC1,GC2"],
    }
    request = make_request(["a.yaml"], **given, jobs=1, run_dir=Path("x"), write_baseline="")
    assert (request.options.fail_on, request.options.run_dir) == ("never", Path("x"))
    assert (request.options.baseline, request.options.write_baseline) == (Path("b.json"), Path("b.json"))
    assert (request.output_format, request.jobs) == (OutputFormat.CONCISE, 1)
    assert request.options.select == ("GC1", "GC2")


def test_a_report_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        make_request(["a.yaml"], **{**SILENT, "reports": ["json=absent/a.json"]})


def test_fix_takes_settings_and_the_options_of_check(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("gradcheck.toml").write_text(SETTINGS, encoding="utf-8")
    seen: list[FixOptions] = []

    def act(configs: list[str], wanted: FixOptions, **_: object) -> Report:
        seen.append(wanted)
        return make_report()

    monkeypatch.setattr(fixing, "fix_many", act)
    arguments = [
        "--extend-select",
        "GC4",
        "--timeout",
        "2.5",
        "--skip-others",
        "--report",
        "markdown=a.md",
        "--no-save",
    ]
    assert run(["fix", "a.yaml", "-q", *arguments]) == 0
    assert run(["fix", "a.yaml", "-q", "--diff", "--jobs", "2", "--baseline", "b.json", "--report", "json=a.json"]) == 0
    first, second = seen
    assert replace(first.check, settings_of=no_settings) == CheckOptions(
        extend_select=("GC4",),
        fail_on="info",
        timeout=2.5,
        save=False,
        run_dir=Path("kept"),
        baseline=Path("known.json"),
        skip_others=True,
    )
    assert (first.jobs, second.jobs, second.check.baseline) == (3, 2, Path("b.json"))
    assert Path("a.md").exists()
    assert Path("a.json").exists()
