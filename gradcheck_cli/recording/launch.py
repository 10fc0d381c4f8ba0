"""Where this process stands among those that torchrun started; it starts none and knows no torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from gradcheck_cli.errors import Problem, UsageError

_NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Launch:
    """One of several processes of one job.

    Attributes:
        rank: From 0; the process of rank 0 reports.
        size: How many processes there are, on all nodes.
        local_rank: From 0 on this node: which of its GPUs is this process's.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def reports(self) -> bool:
        """Whether this process writes, to the screen and to the run folder."""
        return self.rank == 0


def read_launch(environ: Mapping[str, str] | None = None) -> Launch | None:
    """What torchrun (or another launcher that sets the same variables) says; None where there was none.

    Raises:
        UsageError: The variables make no sense.
    """
    environ = os.environ if environ is None else environ
    if any(not environ.get(name) for name in _NEEDED):
        return None
    try:
        rank, size = int(environ["RANK"]), int(environ["WORLD_SIZE"])
        launch = Launch(rank, size, int(environ.get("LOCAL_RANK") or rank))
    except ValueError as error:
        raise _refuse(environ) from error
    if not 0 <= launch.rank < launch.size or launch.local_rank < 0:
        raise _refuse(environ)
    return launch


def _refuse(environ: Mapping[str, str]) -> UsageError:
    given = ", ".join(f"{name}={environ.get(name, '')!r}" for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    message = f"the environment speaks of several processes, but {given} are no ranks"
    return UsageError([Problem("", message, hint="unset these variables, or start by torchrun")])
