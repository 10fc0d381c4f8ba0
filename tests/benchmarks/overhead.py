"""Times gradcheck's training, everything recorded, against a bare loop written by hand.

Run `python -m tests.benchmarks.overhead [rounds]`. Both train the same network on the same rows on one thread and
evaluate the validation rows once an epoch; ours also makes its other evaluations and the History's arrays. Runs take
turns, and CPU time of the process is counted, so that other programs disturb the ratios little. The row of the bare
loop against itself shows what is noise.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.config.schema import Config
from gradcheck_cli.training.assembly import build_loop
from gradcheck_cli.training.loop import Watchers
from gradcheck_cli.training.prepared import Prepared, prepare
from tests.benchmarks.workloads import WORKLOADS, Workload

ROUNDS = 9


def main(rounds: int) -> None:
    """Print a table and the same as one line of JSON."""
    torch.set_num_threads(1)
    print(f"{'workload':<12} {'bare s':>8} {'ratio':>7} {'goal':>6} {'bare/bare':>10}")
    results = {}
    for workload in WORKLOADS:
        results[workload.name] = result = measure(workload, rounds)
        columns = (result["bare_s"], result["ratio"], workload.goal, result["bare_to_bare"])
        print("{:<12} {:8.3f} {:7.3f} {:6.2f} {:10.3f}".format(workload.name, *columns), flush=True)
    print(json.dumps({"benchmark": "overhead", "rounds": rounds, "torch": torch.__version__, "results": results}))


def measure(workload: Workload, rounds: int) -> dict[str, float]:
    """Medians over rounds of the ratios within a round, each round in another order."""
    config = load_config(parse_document(workload.config, source=workload.name))
    contestants: list[Callable[[], float]] = [
        lambda: time_ours(config),
        lambda: time_bare(config, workload),
        lambda: time_bare(config, workload),
    ]
    for contestant in contestants[:2]:
        contestant()
    seconds: list[list[float]] = []
    for turn in range(rounds):
        order = [(turn + place) % len(contestants) for place in range(len(contestants))]
        taken = {index: contestants[index]() for index in order}
        seconds.append([taken[index] for index in range(len(contestants))])
    return {
        "bare_s": statistics.median(bare for _, bare, _ in seconds),
        "ratio": statistics.median(ours / ((bare + again) / 2) for ours, bare, again in seconds),
        "bare_to_bare": statistics.median(again / bare for _, bare, again in seconds),
        "goal": workload.goal,
    }


def time_ours(config: Config) -> float:
    """CPU seconds of the loop and of what the recorder makes of it."""
    prepared = prepare(config, base=Path(), device=torch.device("cpu"))
    loop = build_loop(config, prepared, watchers=Watchers())
    began = time.process_time()
    loop.run()
    loop.recorder.finish()
    loop.log.finish()
    return time.process_time() - began


def time_bare(config: Config, workload: Workload) -> float:
    """CPU seconds of the bare loop on the rows that ours trains on."""
    prepared = prepare(config, base=Path(), device=torch.device("cpu"))
    model = workload.build()
    optimizer = workload.optimizer(model)
    began = time.process_time()
    train_bare(model, optimizer, config=config, prepared=prepared)
    return time.process_time() - began


def train_bare(model: nn.Module, optimizer: torch.optim.Optimizer, *, config: Config, prepared: Prepared) -> float:
    """What a careful person writes without a DataLoader; the last validation accuracy."""
    data = prepared.dataset
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    x_validation, y_validation = torch.from_numpy(data.x_validation), torch.from_numpy(data.y_validation)
    criterion = nn.CrossEntropyLoss()
    accuracy, train_losses, validation_losses = 0.0, [], []
    for _ in range(config.trainer.epochs or 0):
        model.train()
        order = torch.randperm(len(x))
        total = 0.0
        for start in range(0, len(x), config.trainer.batch_size):
            rows = order[start : start + config.trainer.batch_size]
            optimizer.zero_grad()
            loss = criterion(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        train_losses.append(total / len(x))
        model.eval()
        with torch.no_grad():
            output = model(x_validation)
            validation_losses.append(criterion(output, y_validation).item())
            accuracy = (output.argmax(dim=1) == y_validation).float().mean().item()
    return accuracy


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
