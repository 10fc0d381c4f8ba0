"""Tests of writing a file so that a reader never sees half of it."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from gradcheck_cli.recording.replacing import replace_file

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("content", ["a: ö\r\nb: 1\n", b"\x00\xff\r\n", "", "\ufeffa: 1"])
def test_content_is_written_to_the_byte(content: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for _ in range(2):
        replace_file(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
        assert names(tmp_path) == ["a.yaml"]


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_the_permissions_of_a_file_that_was_there_are_kept(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old", encoding="utf-8")
    path.chmod(mode)
    replace_file(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text(encoding="utf-8") == "new"


@POSIX
def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("", encoding="utf-8")
    replace_file(tmp_path / "a.yaml", "new")
    assert (tmp_path / "a.yaml").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("step", ["os.replace", "shutil.copymode"])
def test_a_fault_leaves_the_old_file_and_nothing_else(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.yaml"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(step, fail)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, "new")
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.yaml"]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "nowhere" / "a.yaml", "new")
    assert names(tmp_path) == []


def test_a_reader_that_has_the_old_file_open_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old", encoding="utf-8")
    with path.open(encoding="utf-8") as reader:
        replace_file(path, "new and longer")
        assert reader.read() == "old"
