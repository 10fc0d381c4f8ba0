"""Tests of paths as forges know them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.reporters.repository import find_root, path_in_repository


@pytest.fixture
def inner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory: one below the root of a repository."""
    folder = tmp_path / "repository" / "project"
    (folder / "configs").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def test_root_is_where_git_is(inner: Path) -> None:
    (inner.parent / ".git").mkdir()
    assert find_root({}) == inner.parent


def test_root_is_the_current_directory_where_there_is_no_repository(inner: Path) -> None:
    assert find_root({}) == inner


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_ci_names_the_root(inner: Path, variable: str) -> None:
    assert find_root({variable: str(inner.parent)}) == inner.parent


def test_a_root_elsewhere_is_not_ours(inner: Path, tmp_path: Path) -> None:
    assert find_root({"GITHUB_WORKSPACE": str(tmp_path / "other"), "CI_PROJECT_DIR": ""}) == inner


def test_paths_start_at_the_root(inner: Path) -> None:
    root = inner.parent
    names = ["configs/a.yaml", "./configs/a.yaml", "configs/../configs/a.yaml", str(inner / "configs" / "a.yaml")]
    assert {path_in_repository(name, root) for name in names} == {"project/configs/a.yaml"}


def test_a_file_outside_is_named_in_full(inner: Path, tmp_path: Path) -> None:
    assert path_in_repository("../../a.yaml", inner) == (tmp_path / "a.yaml").as_posix()


def test_a_name_that_no_file_can_have_stays(inner: Path) -> None:
    assert path_in_repository("a\0/b.yaml", inner) == "a\0/b.yaml"
