"""Decides when the validation loss has stopped improving, and keeps the best weights; it evaluates nothing."""

from __future__ import annotations

import math

from torch import Tensor, nn

from gradcheck_cli.config.schema import EarlyStopping


class Patience:
    """Counts epochs without improvement."""

    def __init__(self, settings: EarlyStopping, module: nn.Module) -> None:
        self._settings, self._module = settings, module
        self._best_loss = math.inf
        self._best_epoch = -1
        self._epoch = -1
        self._best_state: dict[str, Tensor] | None = None

    def is_exhausted(self, validation_loss: float) -> bool:
        """Take the validation loss of the next epoch; whether `patience` epochs have now passed without a better one.

        A loss is better when it is finite and below the best by more than `min_delta`.
        """
        self._epoch += 1
        if math.isfinite(validation_loss) and validation_loss < self._best_loss - self._settings.min_delta:
            self._best_loss, self._best_epoch = validation_loss, self._epoch
            if self._settings.restore_best:
                self._best_state = {name: value.detach().clone() for name, value in self._module.state_dict().items()}
        return self._epoch - self._best_epoch >= self._settings.patience

    @property
    def reason(self) -> str:
        """Why the run stops, in words."""
        return f"the validation loss has not improved for {self._settings.patience} epochs"

    def restore_best(self) -> bool:
        """Put the best weights back where that is asked for; whether weights were changed."""
        if self._best_state is None or self._best_epoch == self._epoch:
            return False
        self._module.load_state_dict(self._best_state)
        return True

    @property
    def best_epoch(self) -> int:
        """The epoch, from 0, with the best loss; -1 before there is one."""
        return self._best_epoch
