"""The figures of a run that every format shows, picked from its History; it judges nothing and formats nothing."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import Floats, History


@dataclass(frozen=True)
class Losses:
    """Losses at the end and at the best epoch; None where not measured, NaN where measured as such.

    Attributes:
        train: Mean training loss of the last epoch, in training mode.
        validation: Of the network that the run hands over: that of the best epoch where it is restored.
        best_epoch: Epoch of the lowest validation loss, counted from 1.
    """

    train: float | None = None
    validation: float | None = None
    best_validation: float | None = None
    best_epoch: int | None = None


def has_validation(history: History) -> bool:
    """Whether the run was validated: a NaN validation loss is then a measured one."""
    if history.epochs is None or not len(history.epochs):
        return False
    rows = history.description.data.validation_rows
    if rows is not None:
        return rows > 0
    return history.validation_losses is not None or bool(np.isfinite(history.epochs.validation_loss).any())


def pick_losses(history: History | None) -> Losses:
    """The losses of contracts §4; the last steps stand in where no epoch was finished."""
    if history is None:
        return Losses()
    epochs = history.epochs
    if epochs is None or not len(epochs):
        steps = history.steps
        return Losses(train=float(steps.loss[-1]) if steps is not None and len(steps.loss) else None)
    train = float(epochs.train_loss[-1])
    if not has_validation(history):
        return Losses(train=train)
    best = find_best_epoch(epochs.validation_loss)
    return Losses(
        train=train,
        validation=_final_validation_loss(history, last=float(epochs.validation_loss[-1])),
        best_validation=None if best is None else float(epochs.validation_loss[best]),
        best_epoch=None if best is None else best + 1,
    )


def _final_validation_loss(history: History, *, last: float) -> float:
    """As evaluated at the very end; that of the last epoch for a run that was not, or that an older version saved."""
    outcome = history.outcome
    return last if outcome is None or np.isnan(outcome.validation_loss) else outcome.validation_loss


def find_best_epoch(validation_loss: Floats) -> int | None:
    """Index from 0 of the lowest finite value; None where there is none."""
    finite = np.isfinite(validation_loss)
    if not finite.any():
        return None
    return int(np.argmin(np.where(finite, validation_loss, np.inf)))
