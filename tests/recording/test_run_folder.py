from __future__ import annotations

import dataclasses
import json
import os
import time
from pathlib import Path

import pytest

from gradcheck_cli.errors import RunFolderError
from gradcheck_cli.recording import run_folder as module
from gradcheck_cli.recording.run_folder import RunFolder, find_run, read_run
from gradcheck_cli.recording.run_listing import list_runs
from gradcheck_cli.recording.storage import histories_equal
from tests.recording.recorded import ENVIRONMENT, record

CONFIG = "name: digits\n# grün\n"


def create(root: Path, name: str = "digits") -> RunFolder:
    return RunFolder.create(root, name, CONFIG, ENVIRONMENT, source="configs/digits.yaml")


def finish(root: Path, name: str = "digits") -> RunFolder:
    folder = create(root, name)
    folder.finish(record(), "[]")
    return folder


def test_a_saved_run_comes_back(tmp_path: Path) -> None:
    folder = create(tmp_path)
    folder.write_epoch({"epoch": 1, "train_loss": 0.5})
    folder.write_epoch({"epoch": 2, "train_loss": float("nan")})
    folder.finish(record(), '[{"rule": "GC101"}]')
    run = read_run(folder.path)
    assert histories_equal(run.history, record())
    assert (run.name, run.source, run.config_text) == ("digits", "configs/digits.yaml", CONFIG)
    assert (run.environment, run.status) == (ENVIRONMENT, "diverged")
    assert run.findings == '[{"rule": "GC101"}]'
    assert run.epochs == ({"epoch": 1, "train_loss": 0.5}, {"epoch": 2, "train_loss": "nan"})


def test_the_folder_is_named_after_the_run_and_its_time(tmp_path: Path) -> None:
    names = [create(tmp_path, name).path.name for name in ("digits", "a/b: c", "..", "x" * 300)]
    stamp = time.strftime("-%Y%m%d-")
    assert names[0].startswith("digits" + stamp)
    assert names[1].startswith("a_b_c" + stamp)
    assert names[2].startswith("run" + stamp)
    assert len(names[3]) < 110
    assert len(list_runs(tmp_path)) == 4


def test_epochs_are_on_disk_while_the_run_goes(tmp_path: Path) -> None:
    folder = create(tmp_path)
    folder.write_epoch({"epoch": 1})
    assert (folder.path / "metrics.jsonl").read_text() == '{"epoch": 1}\n'
    note = json.loads((folder.path / "run.json").read_text())
    assert (note["status"], note["environment"]["seed"]) == ("running", 3)


def test_a_run_cut_off_says_so_and_keeps_its_epochs(tmp_path: Path) -> None:
    folder = create(tmp_path)
    folder.write_epoch({"epoch": 1})
    with (folder.path / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 2, "trai')
    with pytest.raises(
        RunFolderError, match=r"cut off before its history was saved; metrics.jsonl there holds 1 epochs"
    ):
        read_run(folder.path)


def test_git_ignores_the_tool_s_own_folder_and_no_other(tmp_path: Path) -> None:
    create(tmp_path / ".gradcheck" / "runs")
    create(tmp_path / "elsewhere")
    assert (tmp_path / ".gradcheck" / ".gitignore").read_text() == "*\n"
    assert [path.parent.name for path in tmp_path.rglob(".gitignore")] == [".gradcheck"]


def test_only_the_latest_runs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNS", 3)
    folders = [finish(tmp_path, f"run{index}") for index in range(6)]
    assert list_runs(tmp_path) == [folder.path for folder in reversed(folders[-3:])]


def test_what_does_not_look_like_a_run_is_never_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNS", 1)
    mine = tmp_path / "digits-20200101-000000-abcdef"
    named = tmp_path / "thesis"
    for folder in (mine, named):
        folder.mkdir()
        (folder / "notes.txt").write_text("dear")
    (named / "run.json").write_text('{"format": "gradcheck-run"}')
    for _ in range(3):
        finish(tmp_path)
    assert mine.exists()
    assert named.exists()
    assert len(list_runs(tmp_path)) == 1


def test_a_run_that_may_still_be_written_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNS", 1)
    running = create(tmp_path)
    finish(tmp_path)
    finish(tmp_path)
    assert running.path.exists()
    note = json.loads((running.path / "run.json").read_text())
    (running.path / "run.json").write_text(json.dumps(note | {"started_ns": 1}))
    finish(tmp_path)
    assert not running.path.exists()


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"the run cannot be saved in .*Not a directory"):
        create(tmp_path / "file" / "runs")
    folder = create(tmp_path / "runs")
    (folder.path / "metrics.jsonl").mkdir()
    with pytest.raises(RunFolderError, match="Is a directory"):
        folder.write_epoch({"epoch": 1})
    (folder.path / "run.json").write_text("{")
    with pytest.raises(RunFolderError, match="was changed while the run went on"):
        folder.finish(record(), "[]")


def test_no_temporary_file_is_left(tmp_path: Path) -> None:
    folder = finish(tmp_path)
    assert sorted(os.listdir(folder.path)) == ["findings.json", "history.safetensors", "run.json"]


def test_a_run_is_found_by_path_by_name_and_by_being_the_latest(tmp_path: Path) -> None:
    first, second, third = finish(tmp_path, "alpha"), finish(tmp_path, "beta"), finish(tmp_path, "beta2")
    assert find_run(tmp_path) == third.path
    assert find_run(tmp_path, "alp") == first.path
    assert find_run(tmp_path, second.path.name) == second.path
    assert find_run(tmp_path / "nowhere", str(first.path)) == first.path


def test_runs_that_cannot_be_told_apart_or_found_are_errors(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"there are no saved runs in .*`gradcheck check` saves one"):
        find_run(tmp_path / "nowhere")
    for _ in range(7):
        finish(tmp_path, "beta")
    with pytest.raises(RunFolderError, match=r"'bet' fits 7 runs .* and 2 more; write more of it"):
        find_run(tmp_path, "bet")
    with pytest.raises(RunFolderError, match=r"no run in .* starts with 'gamma'; there are beta-"):
        find_run(tmp_path, "gamma")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "was not written by gradcheck"),
        ({"version": 2}, "has version 2; this gradcheck reads up to 1"),
        ({"version": "x"}, "has version x"),
        ({"environment": {"seed": "three"}}, "is damaged: Environment.seed: 'three' is not int"),
        ({"environment": None}, "is damaged"),
    ],
)
def test_notes_that_are_not_ours_are_errors(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = finish(tmp_path)
    note = json.loads((folder.path / "run.json").read_text())
    (folder.path / "run.json").write_text(json.dumps(note | change))
    with pytest.raises(RunFolderError, match=message):
        read_run(folder.path)


def test_folders_that_are_no_runs_are_errors(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"is no run folder: run.json: No such file"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text("[1")
    with pytest.raises(RunFolderError, match="is damaged"):
        read_run(tmp_path)
    (tmp_path / "run.json").write_text("[1]")
    with pytest.raises(RunFolderError, match="was not written by gradcheck"):
        read_run(tmp_path)


def test_run_folders_are_values(tmp_path: Path) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        create(tmp_path).path = tmp_path  # type: ignore[misc]
