"""Tells the processes of a job which of them failed, beside the exchange that the failure breaks; it ends none."""

from __future__ import annotations

import re
import time
from typing import Any

from gradcheck_cli.errors import ProcessError
from gradcheck_cli.training.refusal import shorten

PATIENCE_SECONDS = 5.0
"""How long a process waits to see whether the reporting one failed as well. Convention."""
_PAUSE_SECONDS = 0.05
_LOST = re.compile(r"gloo|nccl|c10d|connection|broken pipe|process group|timed out|socket|peer", re.IGNORECASE)


class FailureBoard:
    """Failures by rank, kept in the store by which the processes found each other."""

    def __init__(self, store: Any, *, rank: int, size: int) -> None:
        self._store, self._rank, self._size = store, rank, size

    def settle(self, error: Exception) -> None:
        """Tell of a failure of this process; returns where this process is the one to report it.

        The same fault often strikes all processes: then rank 0 reports it. A process whose exchange broke off reports
        the failure that it hangs on.

        Raises:
            ProcessError: Another process failed first, or this one, which is not rank 0, alone; without a word where
                rank 0 failed as well.
        """
        if isinstance(error, ProcessError):
            return
        is_lost = bool(_LOST.search(str(error)))
        if not is_lost:
            self._tell(shorten(error))
        if is_lost:
            message = self._find_other() or "another process of the job has ended; its own message says why"
            raise ProcessError(message) from error
        if self._rank > 0 and self._has_failed(0, wait=True):
            raise ProcessError(()) from error
        if self._rank > 0:
            raise ProcessError(f"process {self._rank} of {self._size} failed: {shorten(error)}") from error

    def _tell(self, message: str) -> None:
        try:
            self._store.set(f"failed/{self._rank}", message)
        except RuntimeError:
            return

    def _find_other(self) -> str:
        """Another process that failed, with what it said; empty where none is known."""
        for rank in range(self._size):
            if rank != self._rank and self._has_failed(rank, wait=False):
                return f"process {rank} of {self._size} failed: {self._store.get(f'failed/{rank}').decode()}"
        return ""

    def _has_failed(self, rank: int, *, wait: bool) -> bool:
        end = time.monotonic() + (PATIENCE_SECONDS if wait else 0)
        try:
            # Asked again and again: torch writes warnings of its own where its `wait` finds nothing.
            while not self._store.check([f"failed/{rank}"]):
                if time.monotonic() >= end:
                    return False
                time.sleep(_PAUSE_SECONDS)
        except RuntimeError:
            return False
        return True
