"""Starts real torchrun jobs of two processes on this machine's CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROCESSES = 2
LONGEST_SECONDS = 240
"""A job that hangs fails its test."""


def launch(
    *arguments: str, cwd: Path = ROOT, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...` in two processes, one thread each; what they wrote and the job's exit code."""
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **(environ or {})}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={PROCESSES}"]
    return subprocess.run(
        [*torchrun, "-m", *arguments],
        cwd=cwd,
        env=settings,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
