"""How good the trained network is, beside cheap references on the same split; it runs no network."""

from __future__ import annotations

import numpy as np

from gradcheck_cli.config.schema import Component, Task
from gradcheck_cli.recording.history import Ints, Outcome
from gradcheck_cli.training.data.dataset import Array, Dataset
from gradcheck_cli.training.epoch_log import EpochLog
from gradcheck_cli.training.metrics import MetricName, metric_of
from gradcheck_cli.training.references import compare_on_training_rows, compare_with_references, compute_references


def judge_outcome(
    log: EpochLog, dataset: Dataset, *, loss: Component, train_slice: Ints, outputs: int | None = None
) -> Outcome:
    """Compare the final evaluations with the references.

    Args:
        log: With its final evaluations made.
        dataset: As the run used it.
        loss: Of the run.
        train_slice: Indices of the training rows of the slice.
        outputs: Width of the network's output.
    """
    if log.final is None:
        raise ValueError("an outcome needs a final evaluation")
    seen, validation = log.final
    references = compute_references(dataset, loss, outputs=outputs)
    with np.errstate(over="ignore", invalid="ignore"):
        own = metric_of(dataset.y_validation, validation.predictions, name=references.metric_name)
        compared = compare_with_references(references, dataset, validation.predictions)
        on_slice = compare_on_training_rows(references, dataset, seen.predictions, rows=train_slice)
    return Outcome(
        metric_name=references.metric_name.value,
        value=own.value,
        best=log.best_metric,
        standard_error=own.standard_error,
        train_metric=seen.metric,
        trivial_loss=references.trivial_loss,
        trivial_train_loss=references.trivial_train_loss,
        initial_slice_loss=log.initial_slice_loss,
        final_slice_loss=seen.loss,
        final_slice_error=seen.loss_error,
        references=compared,
        train_references=on_slice,
        constant_target=dataset.constant_target,
        accuracy=_plain_accuracy(dataset, validation.predictions),
        validation_loss=validation.loss,
    )


def _plain_accuracy(dataset: Dataset, predictions: Array) -> float:
    if dataset.task is not Task.CLASSIFICATION:
        return float("nan")
    return metric_of(dataset.y_validation, predictions, name=MetricName.ACCURACY).value
