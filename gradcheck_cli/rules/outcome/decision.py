"""Which outcome a run had, decided in one place for all outcome rules; whether it was harmed is not asked here."""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np

from gradcheck_cli.recording.history import Floats, History, Outcome, RunStatus
from gradcheck_cli.rules.standing import TRIVIAL, is_above

STANDARD_ERRORS = 2.0
MIN_RISE = 0.1
"""Rise above the start that counts as diverging, in units of the trivial loss."""
PROMISING_FALL = 0.1
"""Fall predicted for as many steps again that counts as still learning, in units of the trivial loss."""
MIN_FIT_EPOCHS = 4


class RunOutcome(StrEnum):
    """How the training loss of a run ended."""

    DIVERGING = "diverging-loss"
    NOT_DECREASING = "loss-not-decreasing"
    SLOW = "slow-convergence"
    UNDERFITTING = "underfitting"


def decide_outcome(run: History) -> RunOutcome | None:
    """The outcome by the final evaluation-mode training loss, with 2 standard errors.

    Not finite or above its start: diverging. Not below trivial: not decreasing, unless the paired rows of the training
    metric show what the loss is too noisy to show. Below trivial and bound to fall by much
    in as many steps again: slow, unless early stopping saw that they would not help. Otherwise underfitting. None where
    the loss is not known.
    """
    outcome = run.outcome
    if outcome is None:
        return None
    final, noise = outcome.final_slice_loss, STANDARD_ERRORS * _finite(outcome.final_slice_error)
    trivial, start = outcome.trivial_train_loss, outcome.initial_slice_loss
    if not math.isfinite(final):
        return RunOutcome.DIVERGING
    if final - noise > start + MIN_RISE * trivial:
        return RunOutcome.DIVERGING
    if final + noise >= trivial and not _has_learnt(outcome):
        return RunOutcome.NOT_DECREASING
    if run.status is not RunStatus.EARLY_STOPPING and predicted_fall(run) > PROMISING_FALL:
        return RunOutcome.SLOW
    return RunOutcome.UNDERFITTING


def _has_learnt(outcome: Outcome) -> bool:
    """Whether the loss lies below trivial and the training metric is above that of a constant output, row by row."""
    trivial = outcome.train_references.get(TRIVIAL)
    return outcome.final_slice_loss < outcome.trivial_train_loss and trivial is not None and is_above(trivial)


def predicted_fall(run: History) -> float:
    """By how much as many steps again would lower the training loss, in units of the trivial loss.

    A straight line in log(step) is fitted to the last third of the epochs: learning curves flatten, so a line in the
    step itself would promise too much. 0 where there are too few epochs to fit, or where a constant output is perfect.
    """
    if run.epochs is None or run.outcome is None or not run.outcome.trivial_train_loss > 0:
        return 0.0
    tail = max(MIN_FIT_EPOCHS, math.ceil(len(run.epochs) / 3))
    losses, steps = run.epochs.slice_loss[-tail:], run.epochs.step[-tail:]
    known = np.isfinite(losses)
    if known.sum() < MIN_FIT_EPOCHS:
        return 0.0
    return -_slope(np.log(steps[known]), losses[known]) * math.log(2) / run.outcome.trivial_train_loss


def _slope(x: Floats, y: Floats) -> float:
    centred = x - x.mean()
    return float(centred @ (y - y.mean()) / (centred @ centred))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
