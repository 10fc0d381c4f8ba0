"""Where a run computes: the device and the number of CPU threads; it moves no data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gradcheck_cli.config.schema import Device
from gradcheck_cli.errors import ConfigError, Problem


def choose_device(wanted: Device) -> torch.device:
    """The device to train on; `auto` takes the fastest kind there is.

    Raises:
        ConfigError: The device asked for is not there.
    """
    available = [Device.CPU]
    if torch.backends.mps.is_available():
        available.insert(0, Device.MPS)
    if torch.cuda.is_available():
        available.insert(0, Device.CUDA)
    if wanted is Device.AUTO:
        return torch.device(available[0].value)
    if wanted not in available:
        message = f"{wanted.value!r} is not available on this machine or in this build of torch"
        allowed = ", ".join([*available, Device.AUTO])
        raise ConfigError([Problem("trainer.device", message, allowed=allowed)])
    return torch.device(wanted.value)


@contextmanager
def cpu_threads(wanted: int | None) -> Iterator[int]:
    """Compute with this many threads (None: one per core that this process may use), then as before."""
    before = torch.get_num_threads()
    threads = wanted or _usable_cores()
    torch.set_num_threads(threads)
    try:
        yield threads
    finally:
        torch.set_num_threads(before)


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
