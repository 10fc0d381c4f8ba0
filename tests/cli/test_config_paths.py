"""Tests of what config arguments stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.cli.config_paths import expand_paths
from gradcheck_cli.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.yaml", "a.yml", "notes.txt", "inner/c.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    return tmp_path


def test_a_folder_stands_for_the_configs_in_it(folder: Path) -> None:
    assert expand_paths([str(folder)]) == (str(folder / "a.yml"), str(folder / "b.yaml"))


def test_a_glob_reaches_inner_folders(folder: Path) -> None:
    assert expand_paths([str(folder / "**" / "*.yaml")]) == (str(folder / "b.yaml"), str(folder / "inner" / "c.yaml"))


def test_files_keep_their_order_and_come_once(folder: Path) -> None:
    b, a = str(folder / "b.yaml"), str(folder / "a.yml")
    assert expand_paths([b, a, str(folder)]) == (b, a)


def test_a_missing_file_stays_for_the_reader_to_report(folder: Path) -> None:
    assert expand_paths([str(folder / "none.yaml")]) == (str(folder / "none.yaml"),)


def test_a_file_whose_name_looks_like_a_glob_is_a_file(folder: Path) -> None:
    odd = folder / "run[1].yaml"
    odd.write_text("", encoding="utf-8")
    assert expand_paths([str(odd)]) == (str(odd),)


def test_all_that_match_nothing_are_named(folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        expand_paths([str(folder / "empty"), str(folder / "*.json"), str(folder)])
    assert [("holds no" in str(problem), "matches no" in str(problem)) for problem in caught.value.problems] == [
        (True, False),
        (False, True),
    ]
