"""Whether a run was harmed (contracts §3 a to d); which rule explains it is not asked here."""

from __future__ import annotations

import math

from gradcheck_cli.diagnosis.report import Harm
from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import History, Outcome, RunStatus
from gradcheck_cli.rules.standing import TRIVIAL, beaten_by, is_at_trivial

OVERFITTING = "the validation loss rose again while the training loss fell"
NOT_EVALUATED = "the run ended before it was evaluated"
NOT_COMPARED = "in a loop of one's own there is nothing to compare the network with"
CUT_SHORT = frozenset({RunStatus.STOPPED_BY_VERDICT, RunStatus.INTERRUPTED})


def find_harm(run: History, *, overfitting: bool) -> Harm:
    """Harm by the first of (c), (a), (b), (d) that holds; None where it cannot be told.

    Args:
        overfitting: Whether the overfitting test of design 3 holds, on enough rows to prove harm by itself.
    """
    if run.status is RunStatus.LINTED:
        return Harm(None, None, "not trained")
    if ended_non_finite(run):
        return Harm(True, "c", "loss, gradients or weights ended as NaN or Inf")
    outcome = run.outcome
    if outcome is None and overfitting:
        return Harm(True, "d", OVERFITTING)
    if outcome is None:
        return Harm(None, None, NOT_EVALUATED if run.description.from_config else NOT_COMPARED)
    if not has_validation(run):
        return Harm(None, None, "there are no validation rows to measure it on")
    if outcome.constant_target:
        return Harm(None, None, "the target never changes, so no prediction can be told from another")
    return _compare(run, outcome, overfitting=overfitting)


def ended_non_finite(run: History) -> bool:
    """Whether loss, gradients or parameters were not finite when the run ended."""
    lasting = run.non_finite is not None and run.non_finite.lasting
    return lasting or run.status is RunStatus.DIVERGED


def has_validation(run: History) -> bool:
    """Whether the run was measured on validation rows."""
    if run.description.data.validation_rows == 0:
        return False
    if run.outcome is not None and math.isfinite(run.outcome.value):
        return True
    return run.epochs is not None and bool(np.isfinite(run.epochs.validation_loss).any())


def _compare(run: History, outcome: Outcome, *, overfitting: bool) -> Harm:
    rows, metric = run.description.data.validation_rows, outcome.metric_name.replace("_", " ")
    if not math.isfinite(outcome.value):
        return Harm(True, "c", f"the final {metric} is not finite")
    if is_at_trivial(outcome):
        trivial = outcome.references[TRIVIAL].metric
        return Harm(True, "a", f"{metric} {outcome.value:.3f} is not above the trivial predictor's {trivial:.3f}")
    better = None if run.status in CUT_SHORT else beaten_by(outcome, validation_rows=rows)
    if better is not None:
        reached, name = outcome.references[better].metric, better.replace("_", " ")
        return Harm(True, "b", f"{metric} {outcome.value:.3f} is below the {reached:.3f} of {name} on the same rows")
    if overfitting:
        return Harm(True, "d", OVERFITTING)
    if not outcome.references:
        return Harm(None, None, "there is no reference to compare with")
    return Harm(False, None, f"{metric} {outcome.value:.3f} holds against the cheap references")
