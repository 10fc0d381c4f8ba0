"""Time `gradcheck check configs/healthy.yaml` as a whole process against the usual hand-written script.

The three commands (gradcheck, the script, and the script again as the A/A row) run in turn, and the ratio is taken
round by round, so that a machine whose speed drifts moves both sides alike.

    python -m tests.benchmarks.process [--rounds 11]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
GRADCHECK = [sys.executable, "-m", "gradcheck_cli", "check", "configs/healthy.yaml", "--no-save"]
SCRIPT = [sys.executable, "tests/benchmarks/usual_script.py"]


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one run of a command that must succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Run the rounds and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11, help="counted rounds after one warm-up")
    rounds = parser.parse_args().rounds
    taken = [(seconds(GRADCHECK), seconds(SCRIPT), seconds(SCRIPT)) for _ in range(rounds + 1)][1:]
    ours, script, again = (statistics.median(column) for column in zip(*taken, strict=True))
    ratio = statistics.median(a / b for a, b, _ in taken)
    control = statistics.median(c / b for _, b, c in taken)
    print(f"{'whole process':34s} {'median s':>9s} {'ratio':>7s}")
    print(f"{'usual script':34s} {script:9.2f} {1:7.2f}")
    print(f"{'usual script again (A/A)':34s} {again:9.2f} {control:7.2f}")
    print(f"{'gradcheck check healthy.yaml':34s} {ours:9.2f} {ratio:7.2f}")
    print(json.dumps({"rounds": rounds, "gradcheck_s": ours, "script_s": script, "ratio": ratio, "control": control}))


if __name__ == "__main__":
    main()
