"""Time `gradcheck lint` on one config and on a hundred, and the other commands that start often.

Each is a whole process. The machine may be shared, so that the processor time (user and system, of the process alone)
stands beside the wall-clock time; the commands run in turn, and the A/A row is the first command once more.
Compiled modules are written by the warm-up round, as they are by an installation.

    python -m tests.benchmarks.lint [--rounds 20]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.arguments import read_count

ROOT = Path(__file__).parents[2]
MANY = 100
ONE = ("lint", "configs/healthy.yaml")


@dataclass
class Timings:
    """Seconds of the counted rounds of one command."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def copy_configs(folder: Path, number: int = MANY) -> Path:
    """So many configs, copies of the examples in turn."""
    examples = sorted((ROOT / "configs").glob("*.yaml"))
    for index in range(number):
        shutil.copy(examples[index % len(examples)], folder / f"{index:03d}.yaml")
    return folder


def run_once(arguments: tuple[str, ...], environ: dict[str, str]) -> tuple[float, float]:
    """Wall-clock and processor seconds of one process.

    Raises:
        RuntimeError: It ended with an error of its own.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "gradcheck_cli", *arguments], cwd=ROOT, env=environ, capture_output=True, check=False
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.decode())
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(commands: dict[str, tuple[str, ...]], *, rounds: int) -> dict[str, Timings]:
    """All commands in turn, `rounds` times after one warm-up."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    timings = {name: Timings() for name in commands}
    for number in range(rounds + 1):
        for name, arguments in commands.items():
            wall, processor = run_once(arguments, environ)
            if number:
                timings[name].wall.append(wall)
                timings[name].processor.append(processor)
    return timings


def main(argv: list[str] | None = None) -> int:
    """Run the rounds and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=read_count, default=20, help="counted rounds after one warm-up")
    rounds = parser.parse_args(argv).rounds
    with tempfile.TemporaryDirectory() as folder:
        many = str(copy_configs(Path(folder)))
        commands = {
            "lint, 1 config": ONE,
            "lint, 1 config again (A/A)": ONE,
            f"lint, {MANY} configs": ("lint", many, "--output-format", "concise"),
            "rule GC101": ("rule", "GC101"),
            "--help": ("--help",),
        }
        timings = measure(commands, rounds=rounds)
    print(f"{'seconds':28s} {'processor':>18s} {'wall clock':>18s}")
    print(f"{'':28s} {'min':>9s}{'median':>9s} {'min':>9s}{'median':>9s}")
    figures = {}
    for name, taken in timings.items():
        row = [pick(values) for values in (taken.processor, taken.wall) for pick in (min, statistics.median)]
        print(f"{name:28s} {row[0]:9.3f}{row[1]:9.3f} {row[2]:9.3f}{row[3]:9.3f}")
        figures[name] = dict(zip(("cpu_min_s", "cpu_median_s", "wall_min_s", "wall_median_s"), row, strict=True))
    print(json.dumps({"rounds": rounds, **figures}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
