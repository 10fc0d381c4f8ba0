"""Which outcome a run had, decided in one place for all outcome rules; whether it was harmed is not asked here."""

from __future__ import annotations

import math
from enum import StrEnum

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import EpochSeries, Floats, History, Outcome, RunStatus
from gradcheck_cli.rules.standing import TRIVIAL, is_above

STANDARD_ERRORS = 2.0
MIN_RISE = 0.1
"""Rise above the start that counts as diverging, in units of the trivial loss."""
PROMISING_FALL = 0.1
"""Fall predicted for as many steps again that counts as still learning, in units of the trivial loss."""
MIN_FIT_EPOCHS = 4
NORMAL_SPREAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
ERROR_OF_MEDIAN = 1.2533
"""Standard error of a median over that of a mean, for normal values."""
MIN_WINDOW = 3
WINDOW_SHARE = 0.1
"""Epochs at the end whose median shows where a run settled, as a share of all."""


class RunOutcome(StrEnum):
    """How the training loss of a run ended."""

    DIVERGING = "diverging-loss"
    NOT_DECREASING = "loss-not-decreasing"
    SLOW = "slow-convergence"
    UNDERFITTING = "underfitting"


def decide_outcome(run: History) -> RunOutcome | None:
    """The outcome by the evaluation-mode training loss that the run settled at, with 2 standard errors.

    Not finite or above its start: diverging. Not below trivial: not decreasing, unless the paired rows of the training
    metric show what the loss is too noisy to show. Below trivial and bound to fall by much in as many steps again:
    slow, unless early stopping saw that they would not help. Otherwise underfitting. None where the loss is not known.
    """
    outcome = run.outcome
    if outcome is None:
        return None
    settled, error = settled_loss(run), _finite(outcome.final_slice_error)
    trivial, start = outcome.trivial_train_loss, outcome.initial_slice_loss
    if not math.isfinite(settled):
        return RunOutcome.DIVERGING
    if settled - STANDARD_ERRORS * error > start + MIN_RISE * trivial:
        return RunOutcome.DIVERGING
    if settled + STANDARD_ERRORS * math.hypot(error, _jitter(run)) >= trivial and not _has_learnt(outcome):
        return RunOutcome.NOT_DECREASING
    if run.status is not RunStatus.EARLY_STOPPING and predicted_fall(run) > PROMISING_FALL:
        return RunOutcome.SLOW
    return RunOutcome.UNDERFITTING


def _has_learnt(outcome: Outcome) -> bool:
    """Whether the loss lies below trivial and the training metric is above that of a constant output, row by row."""
    trivial = outcome.train_references.get(TRIVIAL)
    return outcome.final_slice_loss < outcome.trivial_train_loss and trivial is not None and is_above(trivial)


def settled_loss(run: History) -> float:
    """The final loss, or the median over the last epochs where the final evaluation happened to hit a spike above it.

    NaN where the run was not evaluated.
    """
    if run.outcome is None:
        return math.nan
    final = run.outcome.final_slice_loss
    if run.epochs is None or not math.isfinite(final):
        return final
    losses = run.epochs.slice_loss[-_window(run.epochs) :]
    return min(final, float(np.median(losses))) if np.isfinite(losses).all() else final


def _jitter(run: History) -> float:
    """Standard error of the median of the last epochs' losses, by how much the loss moves from epoch to epoch."""
    if run.epochs is None:
        return 0.0
    losses = run.epochs.slice_loss[-max(MIN_FIT_EPOCHS, math.ceil(len(run.epochs) / 3)) :]
    if len(losses) < MIN_FIT_EPOCHS or not np.isfinite(losses).all():
        return 0.0
    return ERROR_OF_MEDIAN * _spread(np.diff(losses)) / math.sqrt(2 * _window(run.epochs))


def _window(epochs: EpochSeries) -> int:
    """How many epochs at the end show where a run settled."""
    return max(MIN_WINDOW, math.ceil(WINDOW_SHARE * len(epochs)))


def _spread(values: Floats) -> float:
    """A standard deviation that single outliers do not move."""
    return NORMAL_SPREAD * float(np.median(np.abs(values - np.median(values))))


def predicted_fall(run: History) -> float:
    """By how much as many steps again would lower the training loss, in units of the trivial loss.

    A straight line in log(step) through the last third of the epochs: learning curves flatten, so a line in the step
    itself would promise too much. Its slope is the median over pairs of epochs, which single spikes do not move; a
    slope within 2 standard errors of 0 predicts nothing, and a loss that cannot be negative is not said to become so.
    0 where there are too few epochs to fit, or where a constant output is perfect.

    Source: Sen 1968, "Estimates of the regression coefficient based on Kendall's tau".
    """
    if run.epochs is None or run.outcome is None or not run.outcome.trivial_train_loss > 0:
        return 0.0
    tail = max(MIN_FIT_EPOCHS, math.ceil(len(run.epochs) / 3))
    losses, steps = run.epochs.slice_loss[-tail:], run.epochs.step[-tail:]
    known = np.isfinite(losses)
    if known.sum() < MIN_FIT_EPOCHS:
        return 0.0
    slope, error = _fit(np.log(steps[known]), losses[known])
    if abs(slope) <= STANDARD_ERRORS * error:
        return 0.0
    return _cap(-slope * math.log(2), settled_loss(run)) / run.outcome.trivial_train_loss


def _fit(x: Floats, y: Floats) -> tuple[float, float]:
    """The median slope over all pairs of points, and its standard error by the median deviation from the line."""
    first, second = np.triu_indices(len(x), k=1)
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    return slope, _spread(y - slope * x) / math.sqrt(float(np.sum((x - x.mean()) ** 2)))


def _cap(fall: float, loss: float) -> float:
    """At most the whole loss, where it is positive: all losses that are negative by design have no such floor."""
    return min(fall, loss) if loss > 0 else fall


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
