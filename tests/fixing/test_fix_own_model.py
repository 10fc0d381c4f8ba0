"""Tests of what the front door of `fix` refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.errors import UsageError
from gradcheck_cli.fixing.fix import FixOptions, fix_many


def test_several_processes_do_not_search_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "x", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="not one run by 2 processes together; start it without torchrun"):
        fix_many([str(tmp_path)], FixOptions())


def test_a_job_of_one_process_is_like_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "x", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "a.yaml"
    path.write_text("model: 1\n", encoding="utf-8")
    assert fix_many([str(path)], FixOptions()).exit_code == 2
