"""How a run's final metric stands against the cheap references (contracts §3 a and b); it judges no other signal."""

from __future__ import annotations

import math

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import History, Outcome, Reference

TRIVIAL = "trivial"
FIRST_STEPS = 5
"""Optimizer steps that count as the start of a run."""
TRIVIAL_STANDARD_ERRORS = 2.0
REFERENCE_STANDARD_ERRORS = 3.0
REFERENCE_MARGIN = 0.05
SMALL_SPLIT_MARGIN = 0.10
SMALL_SPLIT_ROWS = 100


def loss_scale(run: History) -> float:
    """What a loss is compared with: the trivial loss, or where that is not known the loss at the start of training.

    Under usual initialisers a network starts near the trivial loss; one that starts far above it makes whatever is
    measured in this unit look smaller. NaN where neither is known.
    """
    if run.outcome is not None:
        return run.outcome.trivial_train_loss
    first = run.steps.loss[:FIRST_STEPS] if run.steps is not None else np.empty(0)
    finite = first[np.isfinite(first)]
    return float(np.median(finite)) if finite.size else math.nan


def best_reference(outcome: Outcome) -> tuple[str, Reference] | None:
    """Name and result of the cheap reference with the highest finite metric; None where none was computed."""
    finite = [(name, reference) for name, reference in outcome.references.items() if math.isfinite(reference.metric)]
    return max(finite, key=lambda entry: entry[1].metric, default=None)


def is_above(reference: Reference) -> bool:
    """Whether the run beats a reference by 2 standard errors of the paired difference."""
    return reference.difference > TRIVIAL_STANDARD_ERRORS * reference.standard_error


def is_at_trivial(outcome: Outcome) -> bool:
    """Whether the final metric is not above the trivial predictor's by 2 standard errors of the paired difference.

    Never so where no other reference is above the trivial predictor either: the data then hold nothing to learn.
    """
    trivial, best = outcome.references.get(TRIVIAL), best_reference(outcome)
    if trivial is None or best is None or best[1].metric <= trivial.metric:
        return False
    return not is_above(trivial)


def margin(validation_rows: int | None) -> float:
    """How far below a reference counts, in units of the metric."""
    small = validation_rows is not None and validation_rows < SMALL_SPLIT_ROWS
    return SMALL_SPLIT_MARGIN if small else REFERENCE_MARGIN


def beaten_by(outcome: Outcome, *, validation_rows: int | None) -> str | None:
    """Name of the best cheap reference where it beats the run clearly: by the margin and by 3 standard errors."""
    best = best_reference(outcome)
    if best is None:
        return None
    name, reference = best
    shortfall = -reference.difference
    clear = shortfall > margin(validation_rows) and shortfall > REFERENCE_STANDARD_ERRORS * reference.standard_error
    return name if clear else None


def is_training_metric_good(outcome: Outcome, *, validation_rows: int | None) -> bool:
    """Whether the metric on the training slice is above trivial and not below the best reference by the margin."""
    trivial, best = outcome.train_references.get(TRIVIAL), best_reference(outcome)
    if trivial is not None and not is_above(trivial):
        return False
    return best is not None and outcome.train_metric >= best[1].metric - margin(validation_rows)
