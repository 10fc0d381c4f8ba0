"""Validation rows that are training rows too, found by their inputs; it judges nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.recording.data_profile import Overlap
from gradcheck_cli.training.data.dataset import Array, flatten_rows

MOST_TRAIN_ROWS = 100_000
MOST_VALIDATION_ROWS = 4_096
HASHED_AT_ONCE = 256
LOOKED_AT = 512
"""Rows in which different values are counted."""
DISTINCT_SHARE = 0.5
"""Of the values of a column, from which on it is taken for continuous. Convention."""

Ints = NDArray[np.int64]


def find_overlap(train: Array, validation: Array) -> Overlap | None:
    """Compare the inputs `[N, ...]` row by row, as float32 holds them.

    Of large sets a seeded part is compared; what is found in it is scaled up to all training rows.
    """
    if not len(validation) or not len(train):
        return None
    known, asked = _hash_rows(_part(train, MOST_TRAIN_ROWS)), _hash_rows(_part(validation, MOST_VALIDATION_ROWS))
    _, position, counts = np.unique(known, return_inverse=True, return_counts=True)
    seen = len(known) / len(train)
    shared = min(float(np.isin(asked, known).mean()) / seen, 1.0)
    features = flatten_rows(train).shape[1]
    return Overlap(
        rows=len(asked),
        shared=round(shared * len(asked)),
        expected_share=min(float((counts[position] > 1).mean()) / seen, 1.0),
        features=features,
        continuous=_is_continuous(train),
    )


def _part(rows: Array, most: int) -> Array:
    if len(rows) <= most:
        return rows
    return rows[np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False))]


def _hash_rows(rows: Array) -> Ints:
    """`[N]`: a hash of each row; equal rows have equal hashes, and others practically never."""
    flat = flatten_rows(rows)
    kind = np.int64 if np.issubdtype(rows.dtype, np.integer) else np.float32
    hashes: list[int] = []
    # A few rows at a time: copies of all of them would cost more than the hashes.
    for start in range(0, len(flat), HASHED_AT_ONCE):
        with np.errstate(over="ignore"):
            some = flat[start : start + HASHED_AT_ONCE].astype(kind)
        # Adding 0 makes -0 and 0 the same bits.
        hashes += [hash(row.tobytes()) for row in np.add(some, 0)]
    return np.array(hashes, dtype=np.int64)


def _is_continuous(train: Array) -> bool:
    sample = np.sort(flatten_rows(_part(train, LOOKED_AT)), axis=0)
    if len(sample) < 2:
        return False
    distinct = 1 + (sample[1:] != sample[:-1]).sum(axis=0)
    return bool((distinct > DISTINCT_SHARE * len(sample)).any())
