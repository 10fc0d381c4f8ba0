"""Whole runs out of a few lines of YAML, for tests of the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.config.schema import Config
from gradcheck_cli.recording.history import History
from gradcheck_cli.training.assembly import build_loop
from gradcheck_cli.training.loop import TrainingLoop, Watchers
from gradcheck_cli.training.prepared import Prepared, prepare
from gradcheck_cli.training.run import train

MLP = """
data: {type: iris, standardize: true}
model: {layers: [{type: Linear, out_features: 8, name: first}, ReLU, {type: Linear, out_features: 3, name: last}]}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1, momentum: 0.9}
trainer: {epochs: 4, batch_size: 32}
"""


def read(text: str = MLP, **overrides: Any) -> Config:
    """A config with some keys replaced, such as `trainer__epochs=3`."""
    changes = [f"{key.replace('__', '.')}={value}" for key, value in overrides.items()]
    return load_config(parse_document(text, source="test.yaml", overrides=changes))


def run(text: str = MLP, *, full: bool = False, share: float = 1.0, **overrides: Any) -> History:
    """Train it, or the first part of it."""
    return train(read(text, **overrides), base=Path(), full=full, share=share)


def assemble(text: str = MLP, *, seed: int = 0, **overrides: Any) -> tuple[TrainingLoop, Prepared]:
    """The loop of a run, not yet started, with torch's random state set as a run would."""
    config = read(text, **overrides)
    prepared = prepare(config, base=Path(), device=torch.device("cpu"))
    torch.manual_seed(seed)
    return build_loop(config, prepared, watchers=Watchers()), prepared


def same(first: History, second: History) -> bool:
    """Whether two runs recorded equal bits (times aside)."""
    if first.signals.keys() != second.signals.keys() or first.steps is None or second.steps is None:
        return False
    pairs = [(vars(first.steps), vars(second.steps))]
    pairs += [(vars(first.signals[key]), vars(second.signals[key])) for key in first.signals]
    if first.epochs is not None and second.epochs is not None:
        pairs.append(({**vars(first.epochs), "seconds": 0}, {**vars(second.epochs), "seconds": 0}))
    arrays = [(one[key], other[key]) for one, other in pairs for key in one if key != "rows"]
    return all(np.array_equal(a, b, equal_nan=np.issubdtype(np.asarray(a).dtype, np.floating)) for a, b in arrays)
