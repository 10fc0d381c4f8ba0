"""Chooses the fixed rows of evaluations: the slice of training rows, and samples and halves of the validation rows.

All choices come from the run's seed, through streams of their own; nothing is evaluated here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck_cli.recording.history import Bools, Ints
from gradcheck_cli.training.data.dataset import Array
from gradcheck_cli.training.streams import Stream, derive_seed

SLICE_ROWS = 512
SAMPLE_ROWS = 4096


@dataclass(frozen=True, eq=False)
class EvaluationRows:
    """Which rows are looked at.

    Attributes:
        train_slice: Indices of training rows, ascending.
        second_half: `[N]` over all validation rows: which of the two halves each belongs to.
        sample: Indices of the validation rows whose own losses are kept, ascending.
    """

    train_slice: Ints
    second_half: Bools
    sample: Ints


def choose_rows(y_train: Array, y_validation: Array, *, seed: int) -> EvaluationRows:
    """Choose rows by their targets (class indices `[N]`, or numbers `[N, K]`)."""
    return EvaluationRows(
        train_slice=_choose(len(y_train), SLICE_ROWS, _generator(seed, "training slice")),
        second_half=_halve(y_validation, _generator(seed, "validation halves")),
        sample=_choose(len(y_validation), SAMPLE_ROWS, _generator(seed, "validation sample")),
    )


def _generator(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(seed, Stream.SPLIT, purpose))


def _choose(rows: int, most: int, generator: np.random.Generator) -> Ints:
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.sort(generator.choice(rows, size=most, replace=False)).astype(np.int64)


def _halve(targets: Array, generator: np.random.Generator) -> Bools:
    """Every other row in the order of its target, ties shuffled: halves alike in classes or in range."""
    order = generator.permutation(len(targets))
    keys = targets.reshape(len(targets), -1)[order, 0] if len(targets) else np.empty(0)
    order = order[np.argsort(keys, kind="stable")]
    second = np.zeros(len(targets), dtype=np.bool_)
    second[order[1::2]] = True
    return second
