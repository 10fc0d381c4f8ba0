"""What the environment says of a job of several processes."""

from __future__ import annotations

import pytest

from gradcheck_cli.errors import UsageError
from gradcheck_cli.recording.launch import Launch, read_launch

STARTED = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "here", "MASTER_PORT": "29500"}


def test_ranks_are_read() -> None:
    assert read_launch(STARTED) == Launch(rank=3, size=4, local_rank=1)
    assert read_launch({key: value for key, value in STARTED.items() if key != "LOCAL_RANK"}) == Launch(3, 4, 3)


@pytest.mark.parametrize("missing", ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"])
def test_without_a_launcher_there_is_none(missing: str) -> None:
    assert read_launch({}) is None
    assert read_launch({**STARTED, missing: ""}) is None


def test_the_first_process_reports() -> None:
    assert Launch(0, 2).reports
    assert not Launch(1, 2).reports


@pytest.mark.parametrize("change", [{"RANK": "x"}, {"RANK": "4"}, {"RANK": "-1"}, {"WORLD_SIZE": "0"}])
def test_impossible_ranks_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="are no ranks"):
        read_launch({**STARTED, **change})
