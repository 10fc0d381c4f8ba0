"""Breaks off what takes longer than it was given; it knows nothing of what it breaks off."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from gradcheck_cli.errors import Problem, TimeLimitError

_AGAIN_S = 1.0
"""Pause after which the limit strikes again, for the case that it fell into code that swallows every exception."""


class _TimeUp(BaseException):
    """Raised where the work stands; no `Exception`, so that nothing on its way takes it for a fault and swallows it."""


@contextmanager
def limit_time(seconds: float | None) -> Iterator[None]:
    """Let what is inside take at most `seconds`; None sets no limit.

    A single operation of torch that is under way is finished first: no Python code can break it off.

    Raises:
        TimeLimitError: The time ran out.
    """
    if seconds is None:
        yield
        return
    disarm = _arm(seconds)
    try:
        try:
            yield
        finally:
            disarm()
    except _TimeUp:
        # Once more: the limit may have struck while the clock was being stopped.
        disarm()
        raise TimeLimitError([_describe(seconds)]) from None


def show_seconds(seconds: float) -> str:
    """A limit in words, as it was given."""
    return f"{seconds:g} {'second' if seconds == 1 else 'seconds'}"


def _describe(seconds: float) -> Problem:
    return Problem(
        "",
        f"the run was not done after {show_seconds(seconds)} and was broken off",
        hint="allow more with --timeout, or train less with --epochs or --max-steps",
        is_of_config=False,
    )


def _arm(seconds: float) -> Callable[[], None]:
    """Start the clock; what comes back stops it."""
    # Only a signal wakes code that waits, for a lock or a slow file; only the main thread of a process may take one.
    if hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
        return _arm_signal(seconds)
    return _arm_thread(seconds)


def _arm_signal(seconds: float) -> Callable[[], None]:
    def strike(*_: object) -> None:
        raise _TimeUp

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)

    def disarm() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        # None stands for a handler that is not Python's, which cannot be put back.
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)

    return disarm


def _arm_thread(seconds: float) -> Callable[[], None]:
    done = threading.Event()
    worker = threading.get_ident()

    def watch() -> None:
        pause = seconds
        while not done.wait(pause):
            _raise_in(worker)
            pause = _AGAIN_S

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    return partial(_stop, done, watcher)


def _stop(done: threading.Event, watcher: threading.Thread) -> None:
    done.set()
    watcher.join()


def _raise_in(thread: int) -> None:
    """Have a thread raise at its next line of Python code."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_TimeUp))
