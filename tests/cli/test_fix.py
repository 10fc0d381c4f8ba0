"""Tests of `fix` around a stand-in for the search: options, streams, exit codes, mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.cli.app import run
from gradcheck_cli.config.document import parse_document
from gradcheck_cli.diagnosis.check import CheckOptions
from gradcheck_cli.diagnosis.fix_report import DEFAULT_BUDGET, Attempt, FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.diagnosis.rule_settings import no_settings
from gradcheck_cli.fixing import fix as fixing
from gradcheck_cli.fixing.fix import FixOptions
from gradcheck_cli.fixing.watching import NOBODY
from gradcheck_cli.fixing.writing import NOWHERE, Destination
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Safety
from tests.histories import make_finding, make_report

BEFORE = "optimizer: {type: SGD, lr: 10.0}\n"
AFTER = "optimizer: {type: SGD, lr: 1.0}\n"

Seen = list[tuple[Sequence[str], FixOptions, dict[str, Any]]]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Seen]:
    """Replace the function that searches by one that hands back a report, or raises."""

    def install(result: Report | BaseException) -> Seen:
        seen: Seen = []

        def act(arguments: Sequence[str], options: FixOptions, **others: Any) -> Report:
            seen.append((arguments, options, others))
            if isinstance(result, BaseException):
                raise result
            return result

        monkeypatch.setattr(fixing, "fix_many", act)
        return seen

    return install


def make_fixed() -> Report:
    attempt = Attempt(("Lower the learning rate 10-fold",), Safety.SAFE, "GC304", 1.0, 0.97, text=AFTER)
    fix = FixReport(FixOutcome.FIXED, cost=7.5, applied=attempt.titles, attempts=(attempt,), chosen=attempt)
    report = make_report(make_finding(), command="fix", document=parse_document(BEFORE, source="a.yaml"), fix=fix)
    return replace(report, exit_code=0)


def make_healthy() -> Report:
    return make_report(command="fix", fix=FixReport(FixOutcome.NOTHING_TO_FIX, cost=1.0))


def unset(options: FixOptions) -> FixOptions:
    """The options but for where settings are looked up, which is a finder of its own in each call."""
    return replace(options, check=replace(options.check, settings_of=no_settings))


def test_options_reach_the_search(stand_in: Callable[..., Seen]) -> None:
    seen = stand_in(make_healthy())
    arguments = ["a.yaml", "b.yaml", "--output", "fixed", "--unsafe-fixes", "--budget", "6.5", "--jobs", "2"]
    arguments += ["--select", "GC101,GC3", "--ignore", "GC305", "--fail-on", "warning", "--set", "optimizer.lr=0.01"]
    arguments += ["--seed", "3", "--epochs", "5", "--max-steps", "7", "--device", "cpu", "--full"]
    arguments += ["--run-dir", "runs", "--no-save", "-q"]
    assert run(["fix", *arguments]) == 0
    ((configs, options, others),) = seen
    assert list(configs) == ["a.yaml", "b.yaml"]
    check = CheckOptions(
        select=("GC101", "GC3"),
        ignore=("GC305",),
        overrides=("optimizer.lr=0.01", "seed=3", "trainer.epochs=5", "trainer.max_steps=7", "trainer.device=cpu"),
        fail_on="warning",
        full=True,
        save=False,
        run_dir=Path("runs"),
    )
    assert unset(options) == FixOptions(
        check, unsafe=True, budget=6.5, jobs=2, destination=Destination(in_place=False, output=Path("fixed"))
    )
    assert others["progress"] is None
    assert others["watcher"] is NOBODY


def test_silence_on_an_option_writes_nothing_and_takes_safe_fixes_only(stand_in: Callable[..., Seen]) -> None:
    seen = stand_in(make_healthy())
    assert run(["fix", "a.yaml"]) == 0
    ((_, options, others),) = seen
    assert unset(options) == FixOptions()
    assert (options.unsafe, options.destination, options.budget) == (False, NOWHERE, DEFAULT_BUDGET)
    assert others["watcher"] is not NOBODY


def test_write_is_in_place(stand_in: Callable[..., Seen]) -> None:
    seen = stand_in(make_healthy())
    assert run(["fix", "a.yaml", "--write"]) == 0
    assert seen[0][1].destination == Destination(in_place=True)


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_exit_code_is_that_of_the_report(
    code: int, stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(replace(make_fixed(), exit_code=code))
    assert run(["fix", "a.yaml"]) == code
    assert "Fixed: Lower the learning rate 10-fold" in capsys.readouterr().out


def test_a_healthy_config_has_nothing_to_fix(stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(make_healthy())
    assert run(["fix", "a.yaml"]) == 0
    assert "Nothing to fix" in capsys.readouterr().out


def test_diff_prints_the_patch_and_nothing_else(
    stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(make_fixed())
    assert run(["fix", "a.yaml", "--diff"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "--- a/configs/example.yaml",
        "+++ b/configs/example.yaml",
        "@@ -1 +1 @@",
        "-optimizer: {type: SGD, lr: 10.0}",
        "+optimizer: {type: SGD, lr: 1.0}",
    ]
    assert "configs/example.yaml: fixed" in captured.err


def test_diff_of_a_healthy_config_is_empty(stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]) -> None:
    stand_in(make_healthy())
    assert run(["fix", "a.yaml", "--diff"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "configs/example.yaml: nothing to fix\n"


def test_json_on_standard_output_is_json_alone(
    stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(make_fixed())
    assert run(["fix", "a.yaml", "--output-format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["runs"][0]["fix"]["outcome"] == "fixed"


def test_an_interrupted_search_is_still_reported(
    stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    attempt = Attempt(("Use Adam",), Safety.SAFE, "GC304", 0.25, 0.5, text=AFTER)
    fix = FixReport(
        FixOutcome.NOTHING_WORKED,
        cost=2.0,
        attempts=(attempt,),
        best=attempt,
        notes=("Interrupted: this is what was known by then.",),
    )
    report = make_report(make_finding(), command="fix", status=RunStatus.INTERRUPTED, fix=fix)
    stand_in(replace(report, exit_code=130))
    assert run(["fix", "a.yaml"]) == 130
    out = capsys.readouterr().out
    assert "Interrupted" in out
    assert "Nothing worked" not in out
    assert "Use Adam" in out


def test_an_interrupt_that_nothing_is_known_of_ends_at_once(
    stand_in: Callable[..., Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(KeyboardInterrupt())
    assert run(["fix", "a.yaml"]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


@pytest.fixture
def configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two configs, which is the current one; training any of them fails the test."""
    (tmp_path / "a").mkdir()
    for name in ("a.yaml", "a/a.yaml"):
        (tmp_path / name).write_text("data: iris\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fixing, "check_config", lambda *_, **__: pytest.fail("a place is checked before any training"))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["a.yaml", "--write", "--output", "b.yaml"], "--write and --output exclude each other"),
        (["a.yaml", "--output", "nowhere/b.yaml"], "does not exist"),
        (["a.yaml", "a/a.yaml", "--output", "b.yaml"], "is one file for 2 configs"),
        (["a.yaml", "a/a.yaml", "--output", "a"], "two of the configs have one name"),
        (["a.yaml", "--select", "GC999"], "there is no rule 'GC999'"),
        (["none/*.yaml"], "none/*.yaml"),
    ],
)
@pytest.mark.usefixtures("configs")
def test_places_and_rules_are_checked_before_anything_is_trained(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fix", *arguments]) == 2
    captured = capsys.readouterr()
    assert hint in captured.err
    assert captured.out == ""


def test_a_config_that_cannot_be_read_is_told_and_written_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "bad.yaml"
    config.write_text("data: digits\nmodel: {layers: [Linaer]}\nloss: CrossEntropyLoss\n", encoding="utf-8")
    before = config.read_bytes()
    assert run(["fix", str(config), "--write", "--no-save"]) == 2
    assert "Linaer" in capsys.readouterr().out
    assert config.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]
