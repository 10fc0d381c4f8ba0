"""A hand-written loop around the recorder, alone or as one of two processes, by torch's own wrappers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gradcheck_cli.integrations.recorder import Recorder as OwnRecorder
from gradcheck_cli.recording.distributed import Ranks
from gradcheck_cli.recording.history import History
from gradcheck_cli.recording.recorder import Recorded, Recorder
from gradcheck_cli.training.live_network import describe_network

STEPS, ROWS = 3, 16
SHAPES: Mapping[str, tuple[int, int]] = {"fsdp": (1, 2), "hsdp": (2, 1)}
"""Processes that hold copies, and those that hold pieces."""


def wrap(network: nn.Module, kind: str) -> nn.Module:
    """By DDP, or by FSDP2 over a mesh of two dimensions."""
    if kind == "ddp":
        return nn.parallel.DistributedDataParallel(network)
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh("cpu", SHAPES[kind], mesh_dim_names=("copies", "pieces"))
    fully_shard(network, mesh=mesh)
    return network


def make() -> tuple[nn.Module, Tensor, Tensor]:
    """A network, and its inputs and targets `[STEPS, ROWS, ...]`."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))
    return network, torch.randn(STEPS, ROWS, 3), torch.randn(STEPS, ROWS, 2)


def record(kind: str, *, rank: int = 0, size: int = 1) -> Recorded:
    """Train for some steps on this process's rows of each batch."""
    network, inputs, targets = make()
    found = describe_network(network, inputs[0], path=None)
    wrapped = wrap(network, kind) if size > 1 else network
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, foreach=False)
    ranks = Ranks(rank, size, torch.device("cpu")) if size > 1 else None
    recorder = Recorder(found.modules, found.layers, planned_steps=STEPS, steps_per_epoch=STEPS, ranks=ranks)
    for x, y in zip(inputs, targets, strict=True):
        recorder.begin_step()
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(wrapped(x[rank::size]), y[rank::size])
        loss.backward()  # type: ignore[no-untyped-call]
        recorder.after_backward(ROWS // size)
        optimizer.step()
        recorder.after_update(loss.detach(), learning_rate=0.1)
    recorder.close()
    return recorder.finish()


def record_publicly(kind: str, *, rank: int = 0, size: int = 1) -> History | None:
    """The same by the recorder for any loop, with clipping; only the first process asks what was recorded."""
    network, inputs, targets = make()
    wrapped = wrap(network, kind) if size > 1 else network
    optimizer = torch.optim.SGD(wrapped.parameters(), lr=0.1, foreach=False)
    # By time it samples at DDP alone: there is no exchange between recorders.
    with OwnRecorder(wrapped, optimizer, budget=0.02 if kind in SHAPES else None) as recorder:
        for x, y in zip(inputs, targets, strict=True):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(wrapped(x[rank::size]), y[rank::size])
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            nn.utils.clip_grad_norm_(wrapped.parameters(), 0.2)
            optimizer.step()
    return recorder.diagnose().history if rank == 0 else None


def break_off_in_turn(*, rank: int) -> History | None:
    """Sharded weights, and an error after the first step that strikes one process long before the other."""
    network, inputs, targets = make()
    wrap(network, "fsdp")
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, foreach=False)
    recorder = OwnRecorder(network, optimizer)
    try:
        with recorder:
            nn.functional.mse_loss(network(inputs[0]), targets[0]).backward()  # type: ignore[no-untyped-call]
            recorder.step(None)
            if rank == 1:
                dist.barrier()
            raise OSError
    except OSError:
        if rank == 0:
            # The other one goes on only now: what needed both would have waited for it.
            dist.barrier()
    return recorder.diagnose().history if rank == 0 else None


def record_together(rank: int) -> tuple[Mapping[str, Recorded], Mapping[str, History | None]]:
    """All kinds, in a process group of our own making."""
    dist.init_process_group("gloo")
    kinds: tuple[str, ...] = ("ddp", *SHAPES)
    found = {kind: record(kind, rank=rank, size=2) for kind in kinds}
    publicly = {kind: record_publicly(kind, rank=rank, size=2) for kind in kinds}
    publicly["broken off"] = break_off_in_turn(rank=rank)
    dist.barrier()
    return found, publicly
