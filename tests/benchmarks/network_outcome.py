"""How a random network really ended, by its final metric and losses alone; it knows no rule and no finding."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np

from gradcheck_cli.recording.history import EpochSeries, Floats, History, Outcome, RunStatus

NEAR = 0.05
"""So far below the best of the same data (or 2 standard errors) and the best reference on the same rows is good."""
FAR = 0.15
"""So far below it, and 4 standard errors, is bad."""
TOP_QUANTILE = 0.9
"""The best of the same data: not the maximum, which is chosen by luck."""
CLEAR_RISE = 0.25
"""Rise of the validation loss, over what had been gained, that is bad where the metric fell with it by `NEAR`."""


class Ending(StrEnum):
    """The label of a network."""

    HEALTHY = "healthy"
    FAILING = "failing"
    UNCLEAR = "unclear"


def find_levels(runs: Mapping[str, Sequence[History]]) -> dict[str, float]:
    """What each data set allows: the better of the best networks and of the best cheap reference on it."""
    return {task: _find_level(histories) for task, histories in runs.items()}


def label_run(run: History, *, level: float) -> Ending:
    """Healthy near the level and not overfitted, failing far below it, not finite or clearly overfitted."""
    outcome = run.outcome
    if run.status in (RunStatus.DIVERGED, RunStatus.FAILED) or outcome is None or not math.isfinite(outcome.value):
        return Ending.FAILING
    noise = outcome.standard_error if math.isfinite(outcome.standard_error) else 0.0
    shortfall = level - outcome.value
    if shortfall > max(FAR, 4 * noise):
        return Ending.FAILING
    overfitted = _label_rise(run, trivial=outcome.trivial_loss, noise=noise)
    is_near = shortfall <= max(NEAR, 2 * noise) and outcome.value >= _best_reference(outcome) - NEAR
    return overfitted if overfitted is Ending.FAILING or is_near else Ending.UNCLEAR


def _find_level(histories: Sequence[History]) -> float:
    outcomes = [run.outcome for run in histories if run.outcome is not None]
    values = [outcome.value for outcome in outcomes if math.isfinite(outcome.value)]
    references = [value for value in map(_best_reference, outcomes) if math.isfinite(value)]
    best = float(np.quantile(values, TOP_QUANTILE)) if values else -math.inf
    return max(best, float(np.median(references)) if references else -math.inf)


def _best_reference(outcome: Outcome) -> float:
    """The metric of the best cheap predictor on the same rows, whose luck with the split the network shares."""
    found = [reference.metric for reference in outcome.references.values() if math.isfinite(reference.metric)]
    return max(found, default=-math.inf)


def _label_rise(run: History, *, trivial: float, noise: float) -> Ending:
    """By what became of the validation loss and metric after the best epochs."""
    if run.epochs is None or len(run.epochs) < 6:
        return Ending.HEALTHY
    loss, metric = _smooth(run.epochs)
    best = int(np.argmin(loss))
    rise = float(loss[-1] - loss[best]) / max(trivial - float(loss[best]), 1e-12)
    fall = float(metric[best] - metric[-1])
    if not loss[-1] <= trivial:
        return Ending.FAILING if fall > max(NEAR, 2 * noise) else Ending.UNCLEAR
    if rise <= CLEAR_RISE / 2.5 or fall <= NEAR / 2.5:
        return Ending.HEALTHY
    return Ending.FAILING if rise > CLEAR_RISE and fall > max(NEAR, 2 * noise) else Ending.UNCLEAR


def _smooth(epochs: EpochSeries) -> tuple[Floats, Floats]:
    """Means over 3 epochs of validation loss and metric."""
    window = np.full(3, 1 / 3)
    return (
        np.convolve(epochs.validation_loss, window, mode="valid"),
        np.convolve(epochs.validation_metric, window, mode="valid"),
    )
