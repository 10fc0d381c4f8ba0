"""Inputs of any kind as standardized columns for the cheap reference models; it fits no model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.training.data.dataset import Array, Dataset, flatten_rows
from gradcheck_cli.training.data.scaling import fit_scaling

Columns = NDArray[np.float32]
Ints = NDArray[np.int64]

MOST_TRAIN_ROWS = 5_000
MOST_VALIDATION_ROWS = 4_096
MOST_VALUES = 4_096
MOST_COLUMNS = 512
"""More columns are kept only where there are no more rows than this: the cost grows with the smaller of the two. Of
more, those stay that by themselves say most about the targets: the one step that matters must not be left to chance."""
MOST_TOKENS = 128


@dataclass(frozen=True, eq=False)
class ReferenceInputs:
    """What the reference models are fitted to and asked about.

    Attributes:
        x_train: `[M, D]`, standardized; at most `MOST_TRAIN_ROWS` seeded rows with finite targets.
        y_train: Their targets, as in the data set.
        x_validation: `[R, D]`: at most `MOST_VALIDATION_ROWS` seeded validation rows.
        rows: `[R]`: which validation rows those are.
    """

    x_train: Columns
    y_train: Array
    x_validation: Columns
    rows: Ints


def prepare_inputs(dataset: Dataset) -> ReferenceInputs:
    """Choose rows (with a fixed seed of their own), flatten, and standardize by the training rows."""
    usable = np.flatnonzero(np.isfinite(flatten_rows(dataset.y_train)).all(axis=1))
    chosen = usable[_choose(len(usable), MOST_TRAIN_ROWS)]
    rows = _choose(len(dataset.x_validation), MOST_VALIDATION_ROWS)
    train, validation = dataset.x_train[chosen], dataset.x_validation[rows]
    if dataset.tokens:
        train, validation = _flatten_tokens(train, validation)
    else:
        train, validation = _flatten(train), _flatten(validation)
    if train.shape[1] > MOST_COLUMNS and len(train) > MOST_COLUMNS:
        columns = _choose_columns(train, dataset.y_train[chosen], classes=dataset.classes)
        train, validation = train[:, columns], validation[:, columns]
    scaling = fit_scaling(train)
    x_train, x_validation = (
        np.nan_to_num(scaling.standardize_inputs(part), nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
        for part in (train, validation)
    )
    return ReferenceInputs(x_train, dataset.y_train[chosen], x_validation, rows)


def _choose(count: int, most: int) -> Ints:
    """At most `most` indices below `count`, in ascending order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))


def _choose_columns(x: Array, y: Array, *, classes: int | None) -> Ints:
    """The columns of `[M, D]` with the largest correlation with any class or target, in ascending order.

    Source: Fan and Lv, "Sure independence screening for ultrahigh dimensional feature space", Journal of the Royal
        Statistical Society B 70 (2008).
    """
    targets = y.astype(np.float32) if classes is None else (y[:, None] == np.arange(classes)).astype(np.float32)
    targets = targets - targets.mean(axis=0)
    targets /= np.maximum(targets.std(axis=0), np.finfo(np.float32).tiny)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.nan_to_num(x.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        strength = np.abs(values.T @ targets).max(axis=1) / np.maximum(values.std(axis=0), np.finfo(np.float32).tiny)
    return np.sort(np.argsort(-np.nan_to_num(strength), kind="stable")[:MOST_COLUMNS])


def _flatten(x: Array) -> Array:
    """`[N, D]`; a sequence `[N, T, F]` too long to be flattened gives its first, last and mean step."""
    size = int(np.prod(x.shape[1:]))
    if size > MOST_VALUES and x.ndim == 3 and 3 * x.shape[2] <= MOST_VALUES:
        return np.concatenate([x[:, 0], x[:, -1], x.mean(axis=1)], axis=1)
    flat = flatten_rows(x)
    return flat if size <= MOST_VALUES else flat[:, _choose(size, MOST_VALUES)]


def _flatten_tokens(train: Array, validation: Array) -> tuple[Array, Array]:
    """One-hot by position; where that is too wide, counts and the first and last token, of the commonest tokens."""
    train, validation = flatten_rows(train), flatten_rows(validation)
    vocabulary = int(max(train.max(initial=0), validation.max(initial=0))) + 1
    if train.shape[1] * vocabulary <= MOST_VALUES:
        ids = np.arange(vocabulary)
        return _one_hot(train, ids), _one_hot(validation, ids)
    tokens, counts = np.unique(train, return_counts=True)
    common = np.sort(tokens[np.argsort(-counts, kind="stable")[:MOST_TOKENS]])
    return _summarize_tokens(train, common), _summarize_tokens(validation, common)


def _one_hot(tokens: Array, ids: Ints) -> Array:
    return flatten_rows(tokens[:, :, None] == ids).astype(np.float32)


def _summarize_tokens(tokens: Array, common: Array) -> Array:
    position = np.minimum(np.searchsorted(common, tokens), len(common) - 1)
    known = common[position] == tokens
    counts = np.zeros((len(tokens), len(common)), dtype=np.float32)
    np.add.at(counts, (np.nonzero(known)[0], position[known]), 1)
    ends = [(tokens[:, [index]] == common).astype(np.float32) for index in (0, -1)]
    return np.concatenate([counts, *ends], axis=1)
