"""How well cheap predictors do on the same split, and how a run compares with them; it never judges the run."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.config.schema import Component
from gradcheck_cli.recording.history import Reference
from gradcheck_cli.training.constant_output import Constant, best_constant
from gradcheck_cli.training.data.dataset import Array, Dataset
from gradcheck_cli.training.linear_model import predict_linearly
from gradcheck_cli.training.metrics import MetricName, choose_metric, difference_of, metric_of
from gradcheck_cli.training.nearest_neighbours import predict_by_neighbours
from gradcheck_cli.training.reference_inputs import prepare_inputs

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ReferencePredictions:
    """What one reference says.

    Attributes:
        rows: `[R]`: the validation rows it was asked about, all or a seeded part.
        predictions: Class indices `[R]`, or numbers `[R, K]` in the units of the data set's targets.
        metric: Its metric on those rows.
    """

    rows: Ints
    predictions: Array
    metric: float


@dataclass(frozen=True, eq=False)
class References:
    """The references of one data set and loss.

    Attributes:
        metric_name: The metric they and the run are measured in.
        trivial: The best constant output for the loss, with its mean loss on both parts.
        predictions: `trivial`, `nearest_neighbours`, `linear`; empty without validation rows.
    """

    metric_name: MetricName
    trivial: Constant
    predictions: Mapping[str, ReferencePredictions]

    @property
    def trivial_loss(self) -> float:
        """Mean validation loss of the best constant output; NaN without validation rows."""
        return self.trivial.validation_loss

    @property
    def trivial_train_loss(self) -> float:
        """Mean training loss of the best constant output."""
        return self.trivial.train_loss


def compute_references(dataset: Dataset, loss: Component, *, outputs: int | None = None) -> References:
    """Fit the references on the training rows and ask them about the validation rows.

    Nearest neighbours and the linear model depend on the data alone and are kept for the data sets used last.

    Args:
        dataset: As the run uses it.
        loss: The run's, for the trivial predictor.
        outputs: Width of the network's output, where known.

    Raises:
        ModelError: The loss does not fit the task, or is not supported.
    """
    name = choose_metric(dataset)
    trivial = best_constant(dataset, loss, outputs=outputs)
    rows = np.arange(len(dataset.y_validation))
    if not len(rows):
        return References(name, trivial, {})
    answers = {"trivial": (rows, _repeat(trivial, len(rows))), **_fitted.predictions(dataset)}
    return References(
        name,
        trivial,
        {
            key: ReferencePredictions(
                asked, predictions, metric_of(dataset.y_validation[asked], predictions, name=name).value
            )
            for key, (asked, predictions) in answers.items()
        },
    )


def compare_with_references(references: References, dataset: Dataset, predictions: Array) -> dict[str, Reference]:
    """A run's predictions of all validation rows against each reference, paired by rows.

    Args:
        references: Of the same data set.
        dataset: As the run used it.
        predictions: Class indices `[N]`, or numbers `[N, K]` in the units of the data set's targets.
    """
    compared = {}
    for key, reference in references.predictions.items():
        targets = dataset.y_validation[reference.rows]
        own = predictions[reference.rows]
        difference = difference_of(targets, own, reference.predictions, name=references.metric_name)
        compared[key] = Reference(reference.metric, difference.value, difference.standard_error)
    return compared


def compare_on_training_rows(
    references: References, dataset: Dataset, predictions: Array, *, rows: Ints
) -> dict[str, Reference]:
    """A run's predictions `[R]` or `[R, K]` of some training rows against the `trivial` reference on them."""
    targets, constant = dataset.y_train[rows], _repeat(references.trivial, len(rows))
    difference = difference_of(targets, predictions, constant, name=references.metric_name)
    metric = metric_of(targets, constant, name=references.metric_name).value
    return {"trivial": Reference(metric, difference.value, difference.standard_error)}


def measure_constant(dataset: Dataset, constant: Constant) -> float:
    """The metric of a constant prediction on the training rows."""
    predictions = _repeat(constant, len(dataset.y_train))
    return metric_of(dataset.y_train, predictions, name=choose_metric(dataset)).value


def _repeat(constant: Constant, rows: int) -> Array:
    return np.broadcast_to(constant.prediction, (rows, *constant.prediction.shape))


class _FittedPredictions:
    """Predictions that depend on the data alone, for the data sets used last; the key is their content."""

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, dict[str, tuple[Ints, Array]]] = OrderedDict()

    def predictions(self, dataset: Dataset) -> dict[str, tuple[Ints, Array]]:
        key = _fingerprint(dataset)
        if key not in self._kept:
            self._kept[key] = _fit(dataset)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return self._kept[key]


_fitted = _FittedPredictions()

_MODELS: dict[str, Callable[..., Array]] = {"nearest_neighbours": predict_by_neighbours, "linear": predict_linearly}


def _fit(dataset: Dataset) -> dict[str, tuple[Ints, Array]]:
    inputs = prepare_inputs(dataset)
    if not len(inputs.x_train):
        return {}
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return {
            key: (inputs.rows, predict(inputs.x_train, inputs.y_train, inputs.x_validation, classes=dataset.classes))
            for key, predict in _MODELS.items()
        }


def _fingerprint(dataset: Dataset) -> bytes:
    digest = hashlib.blake2b(repr((dataset.task, dataset.classes)).encode(), digest_size=16)
    for array in (dataset.x_train, dataset.y_train, dataset.x_validation, dataset.y_validation):
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()
