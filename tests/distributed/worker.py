"""Trains the cases in this process of a torchrun job; the first process keeps what was recorded."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.recording.history import History
from gradcheck_cli.recording.recorder import Recorded
from gradcheck_cli.training.run import train
from tests.distributed.cases import CASES, RUNS
from tests.distributed.own_loop import record_together

Found = Mapping[tuple[str, str], History]
Job = tuple[Found, Mapping[str, Recorded], Mapping[str, History | None]]
"""What the first process recorded: of each case by each strategy, and in loops of somebody's own by both recorders."""


def train_case(text: str, strategy: str) -> History:
    """One run of this process, alone or with others."""
    document = parse_document(text, source="case.yaml", overrides=[f"trainer.strategy={strategy}"])
    return train(load_config(document), base=Path())


def main(target: Path) -> None:
    """Train all cases by each strategy."""
    found = {(case, strategy): train_case(CASES[case], strategy) for case, strategy in RUNS}
    own_loops, publicly = record_together(int(os.environ["RANK"]))
    if os.environ["RANK"] == "0":
        target.write_bytes(pickle.dumps((found, own_loops, publicly)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
