"""Nearest neighbours on standardized columns, the number of them chosen on the training rows; numpy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.training.data.dataset import Array

Columns = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEIGHBOURS = (1, 3, 5, 9, 15)
QUERIES = 512
_CHUNK = 512


def predict_by_neighbours(x_train: Columns, y_train: Array, x: Columns, *, classes: int | None) -> Array:
    """Majority class, or mean target, of the nearest training rows by euclidean distance.

    How many of `NEIGHBOURS` are asked is settled by leaving out, one at a time, up to `QUERIES` seeded training rows.

    Args:
        x_train: `[M, D]`.
        y_train: Class indices `[M]`, or numbers `[M, K]`.
        x: `[R, D]`.
        classes: None for regression.

    Returns:
        Class indices `[R]`, or numbers `[R, K]`.
    """
    queries = np.random.default_rng(0).permutation(len(x_train))[:QUERIES]
    choices = [count for count in NEIGHBOURS if count < len(x_train)] or [1]
    left_out = _find_neighbours(
        x_train, x_train[queries], most=choices[-1], itself=queries if len(x_train) > 1 else None
    )
    errors = [_error(_vote(y_train[left_out[:, :count]], classes), y_train[queries]) for count in choices]
    count = choices[int(np.argmin(errors))]
    return _vote(y_train[_find_neighbours(x_train, x, most=count)], classes)


def _find_neighbours(x_train: Columns, x: Columns, *, most: int, itself: Ints | None = None) -> Ints:
    """`[R, most]`: indices of the nearest training rows, the nearest first."""
    norms = np.square(x_train).sum(axis=1)
    found = np.empty((len(x), most), dtype=np.int64)
    for start in range(0, len(x), _CHUNK):
        stop = min(start + _CHUNK, len(x))
        distances = norms - 2 * (x[start:stop] @ x_train.T)
        if itself is not None:
            distances[np.arange(stop - start), itself[start:stop]] = np.inf
        nearest = np.argpartition(distances, most - 1, axis=1)[:, :most]
        order = np.argsort(np.take_along_axis(distances, nearest, axis=1), axis=1, kind="stable")
        found[start:stop] = np.take_along_axis(nearest, order, axis=1)
    return found


def _vote(targets: Array, classes: int | None) -> Array:
    """Of neighbours' targets `[R, count]` or `[R, count, K]`; a tie goes to the class of the nearer neighbours."""
    if classes is None:
        return np.asarray(targets.mean(axis=1, dtype=np.float64))
    rows, count = targets.shape
    weights = np.broadcast_to(1 + np.arange(count, 0, -1) * 1e-4, targets.shape)
    cells = np.arange(rows)[:, None] * classes + targets
    votes = np.bincount(cells.ravel(), weights=weights.ravel(), minlength=rows * classes)
    return np.asarray(votes.reshape(rows, classes).argmax(axis=1))


def _error(predictions: Array, targets: Array) -> float:
    if targets.ndim == 1:
        return float(np.mean(predictions != targets))
    return float(np.mean(np.square(predictions - targets)))
