"""Standardizes columns with figures of the training rows alone; it changes no array in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck_cli.training.data.dataset import Array


@dataclass(frozen=True)
class Scaling:
    """What was fitted on each column of `[N, ...]`.

    Attributes:
        mean: Of the finite values.
        scale: Their standard deviation (divisor N); 1 where the column is constant.
        constant: Whether all finite values are equal.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    constant: NDArray[np.bool_]

    def standardize(self, values: Array) -> NDArray[np.float64]:
        """`(values - mean) / scale`."""
        return np.asarray((values - self.mean) / self.scale)

    def standardize_inputs(self, values: Array) -> NDArray[np.float64]:
        """The same, with 0 in constant columns, also in validation rows that differ there."""
        standardized = self.standardize(values)
        if self.constant.any():
            return np.where(self.constant & np.isfinite(values), 0.0, standardized)
        return standardized


def fit_scaling(values: Array) -> Scaling:
    """Figures of the finite values of each column of `[N, ...]`."""
    finite = np.isfinite(values)
    count = np.maximum(finite.sum(axis=0), 1)
    mean = np.where(finite, values, 0).sum(axis=0, dtype=np.float64) / count
    deviation = np.where(finite, values - mean, 0)
    scale = np.sqrt(np.square(deviation).sum(axis=0) / count)
    # Rounding of the mean leaves a constant column a spread in its last digits.
    constant = np.asarray(scale <= 10 * np.finfo(np.float64).eps * np.abs(mean))
    return Scaling(mean, np.where(constant, 1.0, scale), constant)
