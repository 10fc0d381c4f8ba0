"""Small real trainings; what a search does in all kinds of worlds is played in the tests beside this one."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.config.edits import changed_lines
from gradcheck_cli.diagnosis import check
from gradcheck_cli.diagnosis.check import CheckOptions, check_config
from gradcheck_cli.diagnosis.fix_report import FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.errors import UsageError
from gradcheck_cli.fixing.fix import FixOptions, fix_config, fix_many
from gradcheck_cli.fixing.writing import Destination
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import VerdictOutcome
from tests.fixing.results import LOWER, TEXT, make_fault, make_result
from tests.fixing.worlds import World, account_of, fix_in

GOOD = """\
data: {type: wine, standardize: true}  # 178 rows
model:
  layers: [{type: Linear, out_features: 8}, ReLU, {type: Linear, out_features: 3}]
loss: CrossEntropyLoss
optimizer:
  type: Adam
  lr: 0.03  # found by hand
trainer: {epochs: 6, batch_size: 16}
"""
STUCK = GOOD.replace("lr: 0.03", "lr: 1e-7")
NARROW = GOOD.replace("out_features: 3}]", "out_features: 2}]")
UNSAVED = CheckOptions(save=False)
PLAIN = FixOptions(UNSAVED)
UNSAFE = FixOptions(UNSAVED, unsafe=True)

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a config into the current directory; its name comes back."""
    monkeypatch.chdir(tmp_path)

    def write_one(text: str, name: str = "x.yaml") -> str:
        Path(name).write_bytes(text.encode())
        return name

    return write_one


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the seed of each training."""
    return count_trainings(monkeypatch)


def count_trainings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seeds: list[int] = []
    train = check._train

    def count(config: Any, *args: Any, **kwargs: Any) -> Any:
        seeds.append(config.seed)
        return train(config, *args, **kwargs)

    monkeypatch.setattr(check, "_train", count)
    return seeds


def fix_one(name: str, options: FixOptions = PLAIN) -> tuple[RunReport, FixReport]:
    report = fix_config(name, options)
    return report, account_of(report)


def test_healthy_config_has_nothing_to_fix_and_is_trained_once(write: Write, trainings: list[int]) -> None:
    report = fix_many([write(GOOD)], replace(PLAIN, destination=Destination(in_place=True)))
    (run,) = report.runs
    assert (report.command, report.exit_code, run.findings) == ("fix", 0, ())
    assert account_of(run).outcome is FixOutcome.NOTHING_TO_FIX
    assert account_of(run).cost == 1.0
    assert len(trainings) == 1
    assert Path("x.yaml").read_text() == GOOD


@dataclass(frozen=True)
class Done:
    """One search that was carried out, and what it left on disk."""

    folder: Path
    run: RunReport
    account: FixReport
    exit_code: int
    seeds: frozenset[int]


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A learning rate far too low, with `--output fixed.yaml` and a run folder."""
    folder = tmp_path_factory.mktemp("fixed")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        (folder / "x.yaml").write_text(STUCK)
        seeds = count_trainings(monkeypatch)
        options = FixOptions(CheckOptions(run_dir=Path("runs")), destination=Destination(output=Path("fixed.yaml")))
        report = fix_many(["x.yaml"], options)
    return Done(folder, report.runs[0], account_of(report.runs[0]), report.exit_code, frozenset(seeds))


def test_rate_far_too_low_is_fixed(fixed: Done) -> None:
    assert (fixed.exit_code, fixed.run.findings[0].rule) == (0, "GC506")
    assert fixed.account.outcome is FixOutcome.FIXED
    assert fixed.account.cost <= 12
    assert fixed.account.before is not None
    assert fixed.account.after is not None
    assert fixed.account.before.mean < 0.7 < 0.85 < fixed.account.after.mean
    assert fixed.seeds == {0, 1, 2, 3}, "the search's seed and three fresh ones"


def test_fixed_file_differs_in_the_edited_line_alone(fixed: Done) -> None:
    assert fixed.account.output == Path("fixed.yaml")
    text = (fixed.folder / "fixed.yaml").read_text()
    assert [line.number for line in changed_lines(STUCK, text)] == [7, 7]
    assert "# found by hand" in text
    assert (fixed.folder / "x.yaml").read_text() == STUCK
    assert sorted(os.listdir(fixed.folder)) == ["fixed.yaml", "runs", "x.yaml"]


def test_fixed_file_is_healthy_on_another_seed(fixed: Done) -> None:
    options = replace(UNSAVED, overrides=("seed=1001",))
    assert check_config(fixed.folder / "fixed.yaml", options).findings == ()


def test_saved_run_has_the_fixed_config_beside_it(fixed: Done) -> None:
    assert fixed.run.run_dir is not None
    assert fixed.account.chosen is not None
    assert (fixed.folder / fixed.run.run_dir / "fixed.yaml").read_text() == fixed.account.chosen.text
    assert os.listdir(fixed.folder / "runs") == [fixed.run.run_dir.name], "trials are not saved"


def test_processes_give_what_one_gives_and_nothing_on_disk_changes_unless_asked_for(fixed: Done, write: Write) -> None:
    _, account = fix_one(write(STUCK), replace(PLAIN, jobs=2))
    assert repr(account) == repr(replace(fixed.account, output=None))
    assert Path("x.yaml").read_text() == STUCK
    assert os.listdir() == ["x.yaml"]


def test_config_is_written_in_place_with_its_comments_and_permissions(write: Write) -> None:
    text = "\ufeff" + NARROW.replace("\n", "\r\n")
    Path(write(text)).chmod(0o640)
    _, account = fix_one("x.yaml", replace(UNSAFE, destination=Destination(in_place=True)))
    assert account.output == Path("x.yaml")
    written = Path("x.yaml").read_bytes().decode()
    assert [line.number for line in changed_lines(text, written)] == [3, 3]
    assert written.startswith("\ufeff")
    assert written.count("\r\n") == written.count("\n") == text.count("\n")
    assert written.count("#") == 2
    assert stat.S_IMODE(Path("x.yaml").stat().st_mode) == 0o640


def test_file_that_is_changed_meanwhile_is_left_as_it_is(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    name, train = write(NARROW), check._train

    def edit_meanwhile(*args: Any, **kwargs: Any) -> Any:
        Path(name).write_text("edited: by hand")
        return train(*args, **kwargs)

    monkeypatch.setattr(check, "_train", edit_meanwhile)
    _, account = fix_one(name, replace(UNSAFE, destination=Destination(in_place=True)))
    assert account.outcome is FixOutcome.FIXED
    assert account.output is None
    assert any(note.startswith("Not written: x.yaml was changed") for note in account.notes)
    assert Path(name).read_text() == "edited: by hand"


def test_network_that_torch_refuses_is_fixed(write: Write) -> None:
    report, account = fix_one(write(NARROW), UNSAFE)
    assert report.status is RunStatus.FAILED
    assert report.errors
    assert account.outcome is FixOutcome.FIXED
    assert account.chosen is not None
    assert account.chosen.text == GOOD
    assert account.chosen.verdict is not None
    assert account.chosen.verdict.outcome is VerdictOutcome.FIXED


def test_network_that_torch_refuses_is_withheld_where_its_fix_is_unsafe(write: Write) -> None:
    report = fix_many([write(NARROW)], PLAIN)
    account = account_of(report.runs[0])
    assert account.outcome is FixOutcome.NOTHING_WORKED
    assert account.withheld is not None
    assert account.withheld.text == GOOD
    assert report.exit_code == 1


def test_seed_of_the_command_is_that_of_the_search(write: Write, trainings: list[int]) -> None:
    options = replace(UNSAFE, check=replace(UNSAVED, overrides=("seed=40",)))
    report, account = fix_one(write(NARROW), options)
    assert (report.seed, account.outcome) == (40, FixOutcome.FIXED)
    assert set(trainings) == {40, 41, 42, 43}


def test_rate_of_the_command_cannot_be_fixed_in_the_file(write: Write) -> None:
    options = replace(PLAIN, check=replace(UNSAVED, overrides=("optimizer.lr=1e-7",)), budget=8)
    _, account = fix_one(write(GOOD), options)
    assert any("undoes it" in note for note in account.notes)
    assert account.chosen is None or "lr: 0.03" in account.chosen.text


def test_budget_without_room_says_so(write: Write, trainings: list[int]) -> None:
    report = fix_many([write(STUCK)], replace(PLAIN, budget=1.0))
    account = account_of(report.runs[0])
    assert (report.exit_code, account.outcome) == (1, FixOutcome.NOTHING_WORKED)
    assert account.cost <= 1.0
    assert account.notes
    assert len(trainings) == 1


def test_several_configs_in_one_call(write: Write) -> None:
    write(GOOD, "good.yaml")
    write(NARROW, "narrow.yaml")
    Path("out").mkdir()
    seen: list[str] = []
    report = fix_many(
        ["good.yaml", "narrow.yaml"],
        replace(UNSAFE, destination=Destination(output=Path("out"))),
        on_finished=lambda run: seen.append(run.name),
    )
    assert [account_of(run).outcome for run in report.runs] == [FixOutcome.NOTHING_TO_FIX, FixOutcome.FIXED]
    assert seen == ["good", "narrow"]
    assert os.listdir("out") == ["narrow.yaml"]
    assert report.exit_code == 0


def test_config_that_cannot_be_read_has_its_errors_and_no_search(write: Write, trainings: list[int]) -> None:
    report = fix_many([write(GOOD.replace("Adam", "Adamm")), "absent.yaml"], PLAIN)
    assert report.exit_code == 2
    assert [bool(run.errors) for run in report.runs] == [True, True]
    assert [run.fix for run in report.runs] == [None, None]
    assert trainings == []


def test_data_that_cannot_be_loaded_are_an_error_of_the_job(write: Write) -> None:
    report = fix_many([write(GOOD.replace("type: wine", "type: csv, path: absent.csv, target: y"))], PLAIN)
    assert (report.exit_code, report.runs[0].fix) == (2, None)


@pytest.mark.parametrize(("place", "noted"), [("out/x.yaml", True), ("y.yaml", False)])
def test_paths_that_start_from_another_folder_are_noted(
    write: Write, monkeypatch: pytest.MonkeyPatch, place: str, noted: bool
) -> None:
    Path("out").mkdir()
    text = TEXT.replace("type: digits,", "type: csv, path: rows.csv, target: y,")
    write(text)
    world = World(lambda run: make_result() if run.has(LOWER) else make_result(0.3, make_fault(LOWER)), text=text)
    account = account_of(fix_in(world, monkeypatch, destination=Destination(output=Path(place))))
    assert account.output == Path(place)
    assert any("Paths in it now start from out" in note for note in account.notes) is noted


def test_bad_arguments_are_refused_before_anything_is_trained(write: Write, trainings: list[int]) -> None:
    name = write(STUCK)
    with pytest.raises(UsageError, match="GC999"):
        fix_many([name], FixOptions(replace(UNSAVED, select=("GC999",))))
    with pytest.raises(UsageError, match="exclude each other"):
        fix_many([name], replace(PLAIN, destination=Destination(in_place=True, output=Path("y.yaml"))))
    with pytest.raises(UsageError, match="does not exist"):
        fix_many([name], replace(PLAIN, destination=Destination(output=Path("absent/y.yaml"))))
    assert trainings == []
