"""Tests of the time limit, with work that would never end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from gradcheck_cli.diagnosis import time_limit
from gradcheck_cli.diagnosis.time_limit import limit_time
from gradcheck_cli.errors import TimeLimitError

LIMIT_S = 0.02


def wait() -> None:
    threading.Event().wait()


def swallow_once() -> None:
    """Code that takes the first stroke for a fault of its own and goes on."""
    try:
        wait()
    except BaseException:
        wait()
        raise


def spin() -> None:
    while True:
        time.monotonic()


def in_thread(work: Callable[[], None]) -> list[BaseException]:
    raised: list[BaseException] = []

    def run() -> None:
        try:
            with limit_time(LIMIT_S):
                work()
        except TimeLimitError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive()
    return raised


@pytest.mark.parametrize("work", [wait, spin])
def test_work_is_broken_off(work: Callable[[], None]) -> None:
    with pytest.raises(TimeLimitError, match=r"not done after 0\.02 seconds.*--timeout") as caught, limit_time(LIMIT_S):
        work()
    assert not caught.value.problems[0].is_of_config


def test_code_that_swallows_the_limit_is_struck_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "_AGAIN_S", LIMIT_S)
    with pytest.raises(TimeLimitError), limit_time(LIMIT_S):
        swallow_once()


def test_a_thread_that_is_not_the_main_one_is_broken_off_too() -> None:
    assert len(in_thread(spin)) == 1


def test_work_in_time_leaves_no_clock_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with limit_time(60):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before
    assert in_thread(lambda: None) == []


def test_no_limit_and_faults_of_the_work_pass_through() -> None:
    with limit_time(None):
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    with pytest.raises(ZeroDivisionError), limit_time(60):
        raise ZeroDivisionError
