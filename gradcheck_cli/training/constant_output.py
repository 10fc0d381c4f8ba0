"""The trivial predictor: the best constant output for a loss, and what it costs; it looks at no input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck_cli.config.schema import Component, Task
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.class_losses import CLASS_LOSSES, ClassLoss, is_summed
from gradcheck_cli.training.data.dataset import Array, Dataset
from gradcheck_cli.training.elementwise_losses import ELEMENTWISE_LOSSES, Arguments, Column, ElementwiseLoss


@dataclass(frozen=True, eq=False)
class Constant:
    """One output for every row.

    Attributes:
        prediction: The class index `[]`, or the numbers `[K]`, that it stands for.
        train_loss: Its mean loss on the training rows: torch's `mean`, or with `reduction: sum` the mean over rows of
            the sum over outputs.
        validation_loss: The same on the validation rows; NaN without any.
    """

    prediction: Array
    train_loss: float
    validation_loss: float


def best_constant(dataset: Dataset, loss: Component, *, outputs: int | None = None) -> Constant:
    """The constant output with the smallest loss on the training rows.

    Args:
        dataset: Its targets alone are used.
        loss: With its arguments, such as class weights, label smoothing or `delta`.
        outputs: Width of the network's output, where known; the number of classes (one for two classes, where targets
            are one-hot) is assumed otherwise.

    Raises:
        ModelError: The loss does not fit the task, or is none of those supported.
    """
    if loss.type in ELEMENTWISE_LOSSES:
        return _fit_columns(dataset, ELEMENTWISE_LOSSES[loss.type], loss.arguments, outputs=outputs)
    if loss.type not in CLASS_LOSSES:
        known = ", ".join(sorted((*CLASS_LOSSES, *ELEMENTWISE_LOSSES)))
        raise ModelError([Problem("loss.type", f"{loss.type!r} is not supported", allowed=known)])
    if dataset.task is not Task.CLASSIFICATION:
        raise ModelError([Problem("loss.type", f"{loss.type!r} needs classes, but the targets are numbers")])
    return _fit_scores(dataset, CLASS_LOSSES[loss.type], loss.arguments, outputs=outputs)


def _fit_scores(dataset: Dataset, loss: ClassLoss, arguments: Arguments, *, outputs: int | None) -> Constant:
    classes = dataset.classes or 0
    width = max(classes, outputs or 0)
    train, validation = (
        np.bincount(labels, minlength=width).astype(np.float64) for labels in (dataset.y_train, dataset.y_validation)
    )
    # Half a row keeps the loss finite where validation has a class that training lacks.
    scores = loss.fit(np.where((train == 0) & (np.arange(width) < classes), 0.5, train), arguments)
    costs = [loss.cost(scores, counts, arguments) for counts in (train, validation)]
    return Constant(np.array(int(np.argmax(scores))), *costs)


def _fit_columns(dataset: Dataset, loss: ElementwiseLoss, arguments: Arguments, *, outputs: int | None) -> Constant:
    train, validation = (_columns(targets, dataset, outputs) for targets in (dataset.y_train, dataset.y_validation))
    constants = [loss.fit(_finite(column), arguments, index) for index, column in enumerate(train)]
    if dataset.task is Task.REGRESSION:
        prediction = np.array(constants)
    elif len(constants) == 1:
        prediction = np.array(int(loss.prefers_one(constants[0])))
    else:
        prediction = np.array(max(range(len(constants)), key=lambda index: train[index].mean(train[index].values)))
    losses = [_mean_cost(columns, constants, loss, arguments) for columns in (train, validation)]
    return Constant(prediction, *losses)


def _mean_cost(columns: list[Column], constants: list[float], loss: ElementwiseLoss, arguments: Arguments) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        costs = [
            column.mean(loss.cost(column.values, constant, arguments, index))
            for index, (column, constant) in enumerate(zip(columns, constants, strict=True))
        ]
    return float(np.sum(costs) if is_summed(arguments) else np.mean(costs))


def _columns(targets: Array, dataset: Dataset, outputs: int | None) -> list[Column]:
    if dataset.task is Task.REGRESSION:
        exact = targets.astype(np.float64)
        return [Column(exact[:, index], np.ones(len(exact))) for index in range(exact.shape[1])]
    counts = np.bincount(targets, minlength=dataset.classes or 0).astype(np.float64)
    values = np.array([0.0, 1.0])
    width = outputs if outputs is not None else (1 if len(counts) == 2 else len(counts))
    ones = counts[1:2] if width == 1 and len(counts) == 2 else counts
    return [Column(values, np.array([len(targets) - one, one])) for one in ones]


def _finite(column: Column) -> Column:
    finite = np.isfinite(column.values)
    return column if finite.all() else Column(column.values[finite], column.counts[finite])
