"""Who reports what when one process of several fails, or all."""

from __future__ import annotations

import pytest
from torch._C._distributed_c10d import HashStore

from gradcheck_cli.errors import ModelError, ProcessError
from gradcheck_cli.training import failure_board
from gradcheck_cli.training.failure_board import FailureBoard

LOST = RuntimeError("[../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:3409")


@pytest.fixture
def boards(monkeypatch: pytest.MonkeyPatch) -> tuple[FailureBoard, FailureBoard]:
    """Of two processes."""
    monkeypatch.setattr(failure_board, "PATIENCE_SECONDS", 0.0)
    store = HashStore()
    return FailureBoard(store, rank=0, size=2), FailureBoard(store, rank=1, size=2)


def test_the_first_process_reports_its_own_failure(boards: tuple[FailureBoard, FailureBoard]) -> None:
    boards[0].settle(ModelError("too wide"))


def test_another_that_fails_alone_says_which_it_is(boards: tuple[FailureBoard, FailureBoard]) -> None:
    with pytest.raises(ProcessError, match="process 1 of 2 failed: too wide"):
        boards[1].settle(ModelError("too wide"))


def test_another_keeps_silent_where_the_first_failed_too(boards: tuple[FailureBoard, FailureBoard]) -> None:
    boards[0].settle(ModelError("too wide"))
    with pytest.raises(ProcessError) as caught:
        boards[1].settle(ModelError("too wide"))
    assert caught.value.problems == ()


def test_a_broken_exchange_is_blamed_on_whom_it_waits_for(boards: tuple[FailureBoard, FailureBoard]) -> None:
    with pytest.raises(ProcessError):
        boards[1].settle(ModelError("too wide"))
    with pytest.raises(ProcessError, match="process 1 of 2 failed: too wide"):
        boards[0].settle(LOST)


def test_a_process_that_left_without_a_word_is_told_of(boards: tuple[FailureBoard, FailureBoard]) -> None:
    with pytest.raises(ProcessError, match="another process of the job has ended"):
        boards[0].settle(LOST)


def test_what_is_settled_is_not_settled_again(boards: tuple[FailureBoard, FailureBoard]) -> None:
    boards[1].settle(ProcessError("process 0 of 2 failed"))
