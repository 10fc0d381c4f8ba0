"""Where a run computes: the device and the number of CPU threads; it moves no data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gradcheck_cli.config.schema import Device
from gradcheck_cli.errors import ConfigError, Problem


def choose_device(wanted: Device, *, local_rank: int | None = None) -> torch.device:
    """The device to train on; `auto` takes the fastest kind there is.

    Args:
        local_rank: Which GPU of this machine is this process's; None where it is the only one.

    Raises:
        ConfigError: The device asked for is not there.
    """
    available = [Device.CPU]
    if torch.backends.mps.is_available():
        available.insert(0, Device.MPS)
    if torch.cuda.is_available():
        available.insert(0, Device.CUDA)
    if wanted is Device.AUTO and (local_rank is None or available[0] is not Device.MPS):
        wanted = available[0]
    elif wanted is Device.AUTO:
        wanted = Device.CPU
    if wanted is Device.CUDA and wanted in available and local_rank is not None:
        return _choose_gpu(local_rank)
    if wanted not in available:
        message = f"{wanted.value!r} is not available on this machine or in this build of torch"
        allowed = ", ".join([*available, Device.AUTO])
        raise ConfigError([Problem("trainer.device", message, allowed=allowed)])
    return torch.device(wanted.value)


def _choose_gpu(local_rank: int) -> torch.device:
    count = torch.cuda.device_count()
    if local_rank >= count:
        message = f"process {local_rank} of this machine has no GPU of its own: there are {count}"
        hint = f"start at most {count} processes a machine, or use `trainer.device: cpu`"
        raise ConfigError([Problem("trainer.device", message, hint=hint)])
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


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
