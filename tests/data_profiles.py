"""Profiles of data for tests, runs that carry them, and a config whose data can be chosen; nothing is loaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.config.schema import Config
from gradcheck_cli.recording.data_profile import ClassCounts, DataProfile, Overlap, Scales
from gradcheck_cli.recording.history import History
from tests.histories import make_history


def make_scales(**fields: Any) -> Scales:
    """Columns of unit size, not standardised."""
    values: dict[str, Any] = {
        "largest": "area",
        "size": 1.0,
        "widest": "area",
        "spread": 4.0,
        "narrow": "ratio",
        "narrow_spread": 2.0,
    }
    return Scales(**{**values, **fields})


def make_counts(*train: int, validation: tuple[int, ...] | None = None) -> ClassCounts:
    """Classes called `a`, `b`, ...; a quarter as many validation rows unless given."""
    shown = validation if validation is not None else tuple(count // 4 for count in train)
    return ClassCounts(tuple("abcdefgh"[: len(train)]), np.array(train), np.array(shown))


def make_overlap(shared: int, **fields: Any) -> Overlap:
    """Of 100 validation rows with 20 continuous features."""
    values: dict[str, Any] = {"rows": 100, "expected_share": 0.0, "features": 20, "continuous": True}
    return Overlap(shared=shared, **{**values, **fields})


def run_on(history: History | None = None, **fields: Any) -> History:
    """A healthy run, or the one given, on data with this profile."""
    return replace(history or make_history(), data_profile=DataProfile(**fields))


def read(data: str, *, batch_size: int = 16) -> Config:
    """The config of a small regression on these data."""
    text = f"""
data: {data}
model: {{layers: [{{type: Linear, out_features: 8}}, ReLU, {{type: Linear, out_features: 1}}]}}
loss: MSELoss
optimizer: {{type: SGD, lr: 0.1}}
trainer: {{epochs: 2, batch_size: {batch_size}}}
"""
    return load_config(parse_document(text, source="run.yaml"))
