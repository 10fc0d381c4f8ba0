"""Several processes that train one network together, by DDP or FSDP2; it takes no step.

Each process holds all rows and takes its part of each batch, so that the run equals one process on the whole batch up
to the order in which numbers are added.
"""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from gradcheck_cli.config.schema import Strategy
from gradcheck_cli.errors import ConfigError, GradcheckError, Problem, ProcessError
from gradcheck_cli.recording.distributed import Ranks
from gradcheck_cli.recording.launch import Launch
from gradcheck_cli.training.failure_board import FailureBoard
from gradcheck_cli.training.unused import leaves_weights_out

T = TypeVar("T")

LONGEST_WAIT = timedelta(minutes=10)
"""For the other processes, in one exchange; loading data may differ by as much."""
_LETTING_GO_SECONDS = 0.1
_RUNS = itertools.count()
INTERRUPTED = 130
"""Exit code of a process that Ctrl-C ended."""
COMMAND = "torchrun --nproc-per-node N -m gradcheck_cli check CONFIG"


@dataclass(frozen=True)
class Part:
    """This process's rows of a batch.

    Attributes:
        rows: Which.
        copies: How many processes have the same rows: 1, or all of them where there are fewer rows than processes.
    """

    rows: slice
    copies: int = 1


class Processes:
    """This process among those of its job; all of them call each method at the same point of the run."""

    def __init__(self, launch: Launch, strategy: Strategy, *, board: FailureBoard, device: torch.device) -> None:
        """Args:
        launch: Who this is.
        strategy: `ddp` or `fsdp`.
        board: Where failures are told.
        device: Of this process's network.
        """
        self.launch, self.strategy, self._board = launch, strategy, board
        self.ranks = Ranks(launch.rank, launch.size, device)
        self._is_interrupted = False

    @property
    def is_sharded(self) -> bool:
        """Whether each process holds but a piece of each weight."""
        return self.strategy is Strategy.FSDP

    def note_interrupt(self, *_: object) -> None:
        """Take Ctrl-C: all processes end at their next agreement; a second one ends this process where it stands."""
        if self._is_interrupted:
            raise SystemExit(INTERRUPTED)
        self._is_interrupted = True

    def part(self, rows: int) -> Part:
        """Every `size`-th row of a batch of `rows`, from `rank` on."""
        if rows < self.launch.size:
            return Part(slice(None), self.launch.size)
        return Part(slice(self.launch.rank, None, self.launch.size))

    def wrap(self, module: nn.Module, rows: Tensor, *, may_vary: bool) -> nn.Module:
        """What the forward pass of a training step goes through; under FSDP `module` itself, now sharded.

        Args:
            module: On its device, the same in all processes.
            rows: Some to try it on, `[n, ...]`.
            may_vary: Whether it may use other weights from step to step.
        """
        if self.is_sharded:
            shard(module, device=self.ranks.device)
            return module
        on_gpu = self.ranks.device.type == "cuda"
        return nn.parallel.DistributedDataParallel(
            module,
            device_ids=[self.ranks.device.index] if on_gpu else None,
            find_unused_parameters=may_vary or leaves_weights_out(module, rows),
        )

    def holding_back(self, network: nn.Module, *, wanted: bool) -> AbstractContextManager[None]:
        """Around a backward pass whose gradients wait for those of the step's last batch."""
        if wanted and isinstance(network, nn.parallel.DistributedDataParallel):
            return network.no_sync()
        return nullcontext()

    def sum(self, number: Tensor) -> Tensor:
        """The sum over all processes, `[]`."""
        total = number.detach().clone()
        dist.all_reduce(total)
        return total

    def align(self, module: nn.Module) -> None:
        """Give all processes the running statistics of the first, as DDP does before each step."""
        for buffer in module.buffers():
            dist.broadcast(buffer, src=0)

    def agree(self, decision: T) -> tuple[T, bool]:
        """The decision of the process that reports, and whether any process was interrupted."""
        answers = self._gather((decision, self._is_interrupted))
        return answers[0][0], any(interrupted for _, interrupted in answers)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Around a stage in which processes exchange nothing: where one cannot do it, none goes on.

        Raises:
            ProcessError: Another process failed, and this one did not.
        """
        failure: GradcheckError | None = None
        try:
            yield
        except GradcheckError as error:
            failure = error
        answers = self._gather(None if failure is None else str(failure))
        if failure is not None:
            raise failure
        for rank, answer in enumerate(answers):
            if answer is not None:
                raise ProcessError(f"process {rank} of {self.launch.size} failed: {answer}")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Around a stage in which processes wait for each other: a failure of one is told to the others.

        Raises:
            ProcessError: Another process failed, or this one alone did.
        """
        try:
            yield
        except Exception as error:
            self._board.settle(error)
            raise

    def _gather(self, answer: T) -> list[T]:
        answers: list[Any] = [None] * self.launch.size
        with self.watched():
            dist.all_gather_object(answers, answer)
        return answers


def choose_strategy(wanted: Strategy, launch: Launch | None) -> Strategy | None:
    """`ddp` or `fsdp`; None for a single process.

    Raises:
        ConfigError: The config asks for several processes, and nobody started them.
    """
    if launch is None and wanted is not Strategy.AUTO:
        message = f"{wanted.value!r} trains in several processes, but only this one was started"
        raise ConfigError([Problem("trainer.strategy", message, allowed="auto", hint=f"or start it by `{COMMAND}`")])
    if launch is None or launch.size == 1:
        return None
    return Strategy.DDP if wanted is Strategy.AUTO else wanted


@contextmanager
def joined(wanted: Strategy, launch: Launch | None, *, device: torch.device) -> Iterator[Processes | None]:
    """Join the other processes of the job; None where there are none.

    Raises:
        ConfigError: As `choose_strategy`, or the device is one that torch does not connect.
        ProcessError: The others cannot be reached.
    """
    strategy = choose_strategy(wanted, launch)
    if strategy is None or launch is None:
        yield None
        return
    if device.type not in ("cpu", "cuda"):
        message = f"torch has no exchange between processes on {device.type}"
        raise ConfigError([Problem("trainer.device", message, allowed="cpu, cuda")])
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    try:
        common, rank, size = next(rendezvous("env://", timeout=LONGEST_WAIT))
        # Addresses and failures of an earlier run of these processes must not be read again.
        store = PrefixStore(f"gradcheck/{next(_RUNS)}", common)
        store.set_timeout(LONGEST_WAIT)
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=LONGEST_WAIT)
    except (RuntimeError, ValueError) as error:
        raise ProcessError(f"process {launch.rank} of {launch.size} cannot reach the others: {error}") from error
    processes = Processes(launch, strategy, board=FailureBoard(store, rank=rank, size=size), device=device)
    try:
        with _interrupts_noted(processes):
            yield processes
    finally:
        # gloo's threads may still wait for Python's lock to let go of a tensor, and tearing them down holds that lock.
        time.sleep(_LETTING_GO_SECONDS)
        dist.destroy_process_group()


def shard(module: nn.Module, *, device: torch.device) -> None:
    """Shard the weights in place by FSDP2: each top-level layer by itself, what is left with the whole network.

    With the whole network stay layers that share a weight with another, since torch shards a tensor once, and recurrent
    ones, whose outputs are views, which FSDP2 warns of.
    """
    from torch.distributed.device_mesh import init_device_mesh

    try:
        from torch.distributed.fsdp import fully_shard
    except ImportError as error:
        message = f"'fsdp' needs FSDP2, which torch {torch.__version__} does not have"
        raise ConfigError(
            [Problem("trainer.strategy", message, allowed="torch 2.6 or newer", hint="use ddp")]
        ) from error

    mesh = init_device_mesh(device.type, (dist.get_world_size(),))
    children = list(module.children())
    owners: dict[Tensor, int] = {}
    for child in children:
        for parameter in child.parameters():
            owners[parameter] = owners.get(parameter, 0) + 1
    for child in children:
        weights = list(child.parameters())
        if weights and not isinstance(child, nn.RNNBase) and all(owners[weight] == 1 for weight in weights):
            fully_shard(child, mesh=mesh)
    fully_shard(module, mesh=mesh)


@contextmanager
def _interrupts_noted(processes: Processes) -> Iterator[None]:
    """A process that left on Ctrl-C by itself would leave the others waiting for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, processes.note_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
