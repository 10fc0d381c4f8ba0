"""A linear model with a penalty chosen on the training rows: ridge regression, or multinomial logistic regression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.training.data.dataset import Array

Columns = NDArray[np.float32]
Floats = NDArray[np.float64]

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Times the mean squared weight, beside the mean loss of a row on columns of variance 1."""
MOST_SCORES = 200_000
"""With more rows times classes than this, the fits for choosing a penalty cost too much; `PENALTIES[1]` stands."""
STEPS = 50
MOST_ONE_THREAD_PRODUCTS = 2**18
"""OpenBLAS multiplies matrices of up to this many scalar products on one thread. Source: its interface/gemm.c."""
_SMALLEST_BLOCK = 32
HELD_OUT_SHARE = 0.2


def predict_linearly(x_train: Columns, y_train: Array, x: Columns, *, classes: int | None) -> Array:
    """Fit a linear model and ask it.

    Args:
        x_train: `[M, D]`, standardized.
        y_train: Class indices `[M]`, or numbers `[M, K]`.
        x: `[R, D]`.
        classes: None for regression.

    Returns:
        Class indices `[R]`, or numbers `[R, K]`.
    """
    rotated, spread, rotate = _rotate(x_train)
    if classes is None:
        return _predict_ridge(rotated, spread, y_train.astype(np.float64), rotate @ x.T)
    ones = np.ones((1, x.shape[0]), dtype=np.float32)
    weights = _fit_best_logistic(rotated, spread, y_train, classes)
    return np.asarray((weights.T @ np.concatenate([rotate @ x.T, ones])).argmax(axis=0))


def _rotate(x: Columns) -> tuple[Columns, Columns, Columns]:
    """The rows in the axes of their own covariance, where it is diagonal.

    Returns:
        The rotated rows `[M, A]`, the mean square of each column `[A]`, and the rotation `[A, D]`, with A the
        smaller of M and D: what is decomposed is the smaller of the two products.
    """
    rows, columns = x.shape
    if columns <= rows:
        spread, axes = np.linalg.eigh(x.T @ x / rows)
        return x @ axes, np.maximum(spread, 0), axes.T
    spread, axes = np.linalg.eigh(x @ x.T / rows)
    spread = np.maximum(spread, np.finfo(np.float32).eps * max(float(spread.max()), 1e-30))
    scale = np.sqrt(rows * spread)
    return axes * scale, spread, (axes / scale).T @ x


def _predict_ridge(rotated: Columns, spread: Columns, targets: Floats, x: Columns) -> Floats:
    """Ridge regression in closed form, its penalty by leaving out each row in turn.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning (2009), equation 7.64.
    """
    rows = len(rotated)
    mean = targets.mean(axis=0)
    products = rotated.T @ (targets - mean) / rows
    squares = np.square(rotated)

    def left_out_error(penalty: float) -> float:
        shrunk = 1 / (spread + penalty)
        leverage = np.minimum(squares @ shrunk / rows + 1 / rows, 1 - 1e-6)
        residuals = targets - mean - rotated @ (products * shrunk[:, None])
        return float(np.square(residuals / (1 - leverage)[:, None]).mean())

    penalty = min(PENALTIES, key=left_out_error)
    weights = products / (spread + penalty)[:, None]
    return np.asarray(mean + x.T @ weights)


def _fit_best_logistic(rotated: Columns, spread: Columns, labels: Array, classes: int) -> Columns:
    """`[A + 1, C]`, the last row the bias; the penalty by the loss on held-out training rows."""
    x = np.concatenate([rotated, np.ones((len(rotated), 1), dtype=np.float32)], axis=1)
    curvature = np.append(spread, np.float32(1))
    held_out = np.zeros(len(x), dtype=np.bool_)
    held_out[np.random.default_rng(0).permutation(len(x))[: max(1, round(HELD_OUT_SHARE * len(x)))]] = True

    def held_out_loss(penalty: float) -> float:
        weights = _fit_logistic(x[~held_out], curvature, labels[~held_out], classes, penalty=penalty)
        chosen = _softmax(x[held_out] @ weights)[np.arange(int(held_out.sum())), labels[held_out]]
        return float(-np.log(np.maximum(chosen, 1e-30)).mean())

    penalty = PENALTIES[1] if x.shape[0] * classes > MOST_SCORES else min(PENALTIES, key=held_out_loss)
    return _fit_logistic(x, curvature, labels, classes, penalty=penalty)


def _fit_logistic(x: Columns, curvature: Columns, labels: Array, classes: int, *, penalty: float) -> Columns:
    """Accelerated descent under a fixed bound of the curvature, diagonal in these axes.

    Source: Boehning, Multinomial logistic regression algorithm, Annals of the Institute of Statistical Mathematics 44
        (1992): the Hessian is at most half of the inputs' second moments; Nesterov's momentum.
    """
    targets = np.zeros((len(x), classes), dtype=np.float32)
    targets[np.arange(len(x)), labels] = 1
    blocks, target_blocks = _in_blocks(x, classes=classes, other=targets)
    turned = blocks.transpose(0, 2, 1)
    step = (1 / (curvature / 2 + penalty))[:, None].astype(np.float32)
    weights = ahead = np.zeros((x.shape[1], classes), dtype=np.float32)
    momentum = 1.0
    for _ in range(STEPS):
        residuals = _softmax(blocks @ ahead) - target_blocks
        gradient = (turned @ residuals).sum(axis=0) / len(x) + np.float32(penalty) * ahead
        following = ahead - step * gradient
        next_momentum = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + np.float32((momentum - 1) / next_momentum) * (following - weights)
        weights, momentum = following, next_momentum
    return weights


def _in_blocks(x: Columns, *, classes: int, other: Columns) -> tuple[Columns, Columns]:
    """Both arrays `[M, ...]` as `[B, m, ...]`, filled up with rows of zeros.

    The many small products of the fit are so kept on one thread: where other processes want the cores, waiting for a
    second thread hundreds of times costs seconds.
    """
    rows = max(_SMALLEST_BLOCK, MOST_ONE_THREAD_PRODUCTS // (x.shape[1] * classes))
    count = -(-len(x) // rows)
    padding = ((0, count * rows - len(x)), (0, 0))
    return np.pad(x, padding).reshape(count, rows, -1), np.pad(other, padding).reshape(count, rows, -1)


def _softmax(scores: Columns) -> Columns:
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
