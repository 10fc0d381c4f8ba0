"""Times the recorder in a bare loop written by hand, beside other tools that watch gradients.

Run `python -m tests.benchmarks.own_loop [rounds] [workload ...]`; peers that are not installed are named and left out
(`pip install wandb torchexplorer torchmortem cockpit-for-pytorch "setuptools<81"`; torchexplorer needs graphviz too).
All train the same network on the same rows on one thread, without evaluation. Runs take turns within a round, each
round in another order, and CPU time of the training thread is counted. The row of the bare loop against itself shows
what is noise. What a tool costs to set up and to close is counted too.
"""

from __future__ import annotations

import gc
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.training.prepared import prepare
from tests.benchmarks.watchers import PEERS, OurRecorder, Watcher, find_peers, undisturbed
from tests.benchmarks.workloads import WORKLOADS, Workload

ROUNDS = 7
GOALS = {"small MLP": 1.06, "CNN": 1.02, "transformer": 1.02, "wide MLP": 1.02}
SLOW, SLOW_ROUNDS = 1.5, 3
"""What takes so many times as long as the bare loop takes part in the first rounds only, ..."""
VERY_SLOW = 10.0
"""... and what takes so many times as long in an epoch to begin with is left at that."""
BARE, AGAIN, OURS = "bare", "bare again", "gradcheck Recorder"


@dataclass(frozen=True)
class Rows:
    """Training rows `x [N, ...]`, `y [N]`, and how long to train on them."""

    x: Tensor
    y: Tensor
    epochs: int
    batch: int


def main(rounds: int, names: Sequence[str]) -> None:
    """Print a table for each network and all of it as one line of JSON."""
    torch.set_num_threads(1)
    peers = find_peers()
    contestants: dict[str, type[Watcher]] = {BARE: Watcher, AGAIN: Watcher, OURS: OurRecorder, **peers}
    missing = sorted(set(PEERS) - set(peers))
    print(f"not installed: {', '.join(missing) or 'none'}")
    results = {}
    for workload in WORKLOADS:
        if names and workload.name not in names:
            continue
        # Some tools leave files where they run.
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            results[workload.name] = ratios = measure(workload, contestants, rounds)
        print(f"\n{workload.name} (goal {GOALS[workload.name]:.2f})")
        for name, ratio in ratios.items():
            print(f"  {name:<22} {'does not run here' if ratio is None else format(ratio, '7.3f')}", flush=True)
    print(
        "\n" + json.dumps({"benchmark": "own_loop", "rounds": rounds, "torch": torch.__version__, "results": results})
    )


def measure(workload: Workload, contestants: Mapping[str, type[Watcher]], rounds: int) -> dict[str, float | None]:
    """Median over rounds of each contestant's time over that of the bare loop in the same round; None: it failed."""
    rows = read_rows(workload)
    # A first epoch shows whether a tool works with this torch at all.
    first = {name: try_epoch(workload, kind, rows, name=name) for name, kind in contestants.items()}
    once = {name: seconds / (first[BARE] or math.nan) for name, seconds in first.items() if seconds is not None}
    taken: dict[str, list[float]] = {name: [] for name, ratio in once.items() if ratio < VERY_SLOW}
    order = list(taken)
    for turn in range(rounds):
        for place in range(len(order)):
            name = order[(turn + place) % len(order)]
            if turn < SLOW_ROUNDS or statistics.median(taken[name]) < SLOW * statistics.median(taken[BARE]):
                taken[name].append(time_loop(workload, contestants[name], rows, epochs=rows.epochs))
    bare = [(one + other) / 2 for one, other in zip(taken[BARE], taken[AGAIN], strict=True)]
    ratios: dict[str, float | None] = {
        name: statistics.median(own / base for own, base in zip(seconds, bare, strict=False))
        for name, seconds in taken.items()
        if name not in (BARE, AGAIN)
    }
    noise = statistics.median(other / one for one, other in zip(taken[BARE], taken[AGAIN], strict=True))
    return {f"{AGAIN} / {BARE}": noise} | {
        name: ratios.get(name, once.get(name)) for name in contestants if name not in (BARE, AGAIN)
    }


def try_epoch(workload: Workload, kind: type[Watcher], rows: Rows, *, name: str) -> float | None:
    """Seconds of a second epoch, all that is imported late being there; None where a tool fails."""
    try:
        time_loop(workload, kind, rows, epochs=1)
        return time_loop(workload, kind, rows, epochs=1)
    except Exception as error:  # noqa: BLE001
        print(f"{name} fails on {workload.name}: {type(error).__name__}: {str(error)[:100]}")
        return None


def time_loop(workload: Workload, kind: type[Watcher], rows: Rows, *, epochs: int) -> float:
    """Seconds of the loop with one watcher in it, of this thread alone: some tools leave others running."""
    torch.manual_seed(0)
    model = workload.build()
    optimizer = workload.optimizer(model)
    gc.collect()
    began = time.thread_time()
    with undisturbed():
        watcher = kind(model, optimizer, nn.CrossEntropyLoss())
        try:
            train(watcher, rows, epochs=epochs)
        finally:
            watcher.close()
    return time.thread_time() - began


def train(watcher: Watcher, rows: Rows, *, epochs: int) -> None:
    """What a careful person writes without a DataLoader."""
    x, y, batch = rows.x, rows.y, rows.batch
    for _ in range(epochs):
        order = torch.randperm(len(x))
        total = 0.0
        for start in range(0, len(x), batch):
            chosen = order[start : start + batch]
            watcher.optimizer.zero_grad()
            output = watcher.model(x[chosen])
            loss = watcher.criterion(output, y[chosen])
            watcher.backward(loss, output, y[chosen])
            watcher.optimizer.step()
            total += loss.item() * len(chosen)
            watcher.after_step(total / len(x))


def read_rows(workload: Workload) -> Rows:
    """The rows that the workload's config speaks of, and how long it trains on them."""
    config = load_config(parse_document(workload.config, source=workload.name))
    data = prepare(config, base=Path(), device=torch.device("cpu")).dataset
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    return Rows(x, y, config.trainer.epochs or 1, config.trainer.batch_size)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS, sys.argv[2:])
    # Threads that peers leave behind wait for a network at the end of the process, without end where there is none.
    sys.stdout.flush()
    os._exit(0)
