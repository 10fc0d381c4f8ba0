"""How far and how surely the validation loss rose after its best; whether that is overfitting is not decided here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import EpochSeries, Floats, History, ValidationLosses
from gradcheck_cli.rules.standing import loss_scale


@dataclass(frozen=True)
class ValidationRise:
    """The last window of epochs against the best window of the same length.

    Attributes:
        best_epoch: Last epoch of the best window, from 0.
        best_loss, last_loss: Mean validation loss of the two windows.
        share_of_gain: Rise over (trivial - best); inf where the best is not below trivial.
        trend: Spearman rank correlation of validation loss and epoch from the best window on.
        p_value: Chance of such a rise per row by noise alone (one-sided paired t test); 1 where it cannot be tested.
        training_fall: Fall of the evaluation-mode training loss between the windows.
        metric_fall: Fall of the validation metric between the windows.
        above_trivial: Whether the last window lies above the trivial loss.
    """

    best_epoch: int
    best_loss: float
    last_loss: float
    share_of_gain: float
    trend: float
    p_value: float
    training_fall: float
    metric_fall: float
    above_trivial: bool

    @property
    def rise(self) -> float:
        """Validation loss of the last window minus that of the best."""
        return self.last_loss - self.best_loss


def measure_rise(run: History) -> ValidationRise | None:
    """Compare the last window of a run with its best one; None without validation, or where the last is the best."""
    if run.epochs is None or run.validation_losses is None:
        return None
    window = run.validation_losses.window
    if window < 1 or len(run.epochs) < 2 * window or not np.isfinite(run.epochs.validation_loss).all():
        return None
    averages = _moving_average(run.epochs.validation_loss, window)
    start = int(np.argmin(averages))
    if start == len(averages) - 1:
        return None
    return _compare(run.epochs, start, run.validation_losses, trivial=_find_trivial(run))


def _compare(epochs: EpochSeries, start: int, rows: ValidationLosses, *, trivial: float) -> ValidationRise:
    window = rows.window
    validation = _moving_average(epochs.validation_loss, window)
    training, metric = (
        _moving_average(_training_loss(epochs), window),
        _moving_average(epochs.validation_metric, window),
    )
    best, last = float(validation[start]), float(validation[-1])
    return ValidationRise(
        best_epoch=start + window - 1,
        best_loss=best,
        last_loss=last,
        share_of_gain=(last - best) / (trivial - best) if best < trivial else math.inf,
        trend=_rank_correlation(epochs.validation_loss[start:]),
        p_value=rise_probability(rows),
        training_fall=float(training[start] - training[-1]),
        metric_fall=float(metric[start] - metric[-1]),
        above_trivial=last > trivial,
    )


def _find_trivial(run: History) -> float:
    return run.outcome.trivial_loss if run.outcome is not None else loss_scale(run)


def _training_loss(epochs: EpochSeries) -> Floats:
    """In evaluation mode; where nothing but the batches was seen, in training mode."""
    return epochs.train_loss if np.isnan(epochs.slice_loss).all() else epochs.slice_loss


def rise_probability(rows: ValidationLosses) -> float:
    """Chance of the rise per row by noise alone.

    The best window is chosen on one half of the rows and the rise tested on the other, and the other way round: a
    minimum that was chosen by luck then has no advantage on the rows that test it.

    Source: Student's t by Wallace's normal approximation (Wallace 1959, "Bounds on normal approximations").
    """
    best = np.where(rows.second_half, rows.best[0], rows.best[1])
    rise = rows.last - best
    if len(rise) < 3 or not np.isfinite(rise).all():
        return 1.0
    error = float(rise.std(ddof=1)) / math.sqrt(len(rise))
    if error == 0:
        return 1.0 if rise.mean() <= 0 else 0.0
    return _upper_tail(float(rise.mean()) / error, len(rise) - 1)


def _upper_tail(t: float, freedom: int) -> float:
    size = math.sqrt(freedom * math.log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
    return 0.5 * math.erfc(math.copysign(size, t) / math.sqrt(2))


def _moving_average(values: Floats, window: int) -> Floats:
    return np.convolve(values, np.full(window, 1 / window), mode="valid")


def _rank_correlation(values: Floats) -> float:
    """Spearman's correlation of values with their order, ties at their mean rank; 0 where all are equal."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        return 0.0
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])
