"""Which rows train and which validate; it changes no value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gradcheck_cli.config.schema import DataConfig, Task
from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.training.data.dataset import Rows

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row indices of the two parts, disjoint; `validation` may be empty."""

    train: Ints
    validation: Ints


def split_rows(rows: Rows, config: DataConfig, *, generator: Generator) -> Split:
    """Part the rows as the config says.

    Shuffle (or not), keep the first `max_samples`, then set `round(n * val_fraction)` rows apart: in the share of each
    class where there are classes and rows are shuffled, else the last ones.

    Raises:
        DataError: No row would be left on one side.
    """
    order = generator.permutation(len(rows)) if config.shuffle else np.arange(len(rows))
    order = order[: config.max_samples]
    count = round(len(order) * config.val_fraction)
    _check_sizes(len(order), count, config)
    if config.shuffle and rows.task is Task.CLASSIFICATION:
        return _stratify(order, rows.y[order], count)
    return Split(order[: len(order) - count], order[len(order) - count :])


def share_out(counts: Ints, total: int) -> Ints:
    """How many of each class go to validation: proportional, adding up to `total`, leaving each class one row to train
    on where that is possible.

    Args:
        counts: `[C]`: rows of each class.
        total: At most the sum of `counts`.
    """
    most = np.maximum(counts - 1, 0)
    if most.sum() < total:
        most = counts
    exact = counts * (total / max(int(counts.sum()), 1))
    shares = np.minimum(np.floor(exact).astype(np.int64), most)
    while (left := total - int(shares.sum())) > 0:
        # The largest remainders first; a stable sort lets the lower class index win a tie.
        open_classes = np.flatnonzero(shares < most)
        by_remainder = open_classes[np.argsort(shares[open_classes] - exact[open_classes], kind="stable")]
        shares[by_remainder[:left]] += 1
    return np.asarray(shares)


def _stratify(order: Ints, labels: Ints, count: int) -> Split:
    classes, position = np.unique(labels, return_inverse=True)
    shares = share_out(np.bincount(position, minlength=len(classes)), count)
    by_class = np.argsort(position, kind="stable")
    first_of_class = np.concatenate([[0], np.cumsum(np.bincount(position, minlength=len(classes)))[:-1]])
    rank = np.empty(len(order), dtype=np.int64)
    rank[by_class] = np.arange(len(order)) - first_of_class[position[by_class]]
    validates = rank < shares[position]
    return Split(order[~validates], order[validates])


def _check_sizes(rows: int, count: int, config: DataConfig) -> None:
    if rows == 0:
        raise DataError([Problem("data", "there are no rows to train on")])
    shown = f"{config.val_fraction:g} of {rows} {'row' if rows == 1 else 'rows'}"
    if count >= rows:
        raise DataError(
            [Problem("data.val_fraction", f"{shown} leaves no row to train on", allowed="0 to less than 1")]
        )
    if count == 0 and config.val_fraction > 0:
        hint = "0 trains without validation"
        raise DataError([Problem("data.val_fraction", f"{shown} leaves no row to validate on", hint=hint)])
