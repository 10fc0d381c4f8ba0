"""What a training run tells whoever watches it; it shows nothing itself and knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.recording.history import RunStatus


@dataclass(frozen=True)
class ProgressPoint:
    """Where a run stands.

    Attributes:
        step: Optimizer steps done.
        planned_steps: Of the whole run.
        epoch: Epochs completed.
        epochs: Planned.
        train_loss: Mean loss of the last step's batch; NaN before the first.
        validation_loss: Of the last epoch; NaN before the first and without validation rows.
        metric: Validation metric of the last epoch; NaN likewise.
        gradient_norm: L2 over all parameters at the last step, before clipping; NaN before the first.
    """

    step: int
    planned_steps: int
    epoch: int
    epochs: int
    train_loss: float
    validation_loss: float
    metric: float
    gradient_norm: float


class Progress(Protocol):
    """Somebody who watches a run. Called now and then, never each step."""

    def started(self, description: RunDescription, planned_steps: int) -> None:
        """The network is built and the first step is next."""

    def advanced(self, point: ProgressPoint) -> None:
        """Some more steps, or an epoch, are done."""

    def finished(self, status: RunStatus) -> None:
        """No more steps will follow."""
