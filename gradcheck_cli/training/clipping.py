"""Gradient clipping as torch does it, with the factor that came of it; it uses norms that are already known."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gradcheck_cli.config.schema import TrainerConfig
from gradcheck_cli.recording.statistics import norms as take_norms


class Clipping:
    """Clips by the global norm, then by value, as far as the trainer asks for either."""

    def __init__(self, trainer: TrainerConfig, parameters: Sequence[nn.Parameter]) -> None:
        self._most_norm, self._most_value = trainer.clip_grad_norm, trainer.clip_grad_value
        self._parameters = parameters
        self.is_wanted = self._most_norm is not None or self._most_value is not None

    def apply(self, norms: Sequence[Tensor]) -> Tensor | float:
        """Clip the gradients in place.

        Args:
            norms: Of the gradients that exist, 0-d.

        Returns:
            The norm after clipping over the norm before, a 0-d tensor; 1 where that norm is 0.

        Source: `torch.nn.utils.clip_grad_norm_`, whose 1e-6 and limit of 1 are kept.
        """
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        if not gradients:
            return 1.0
        total = torch.linalg.vector_norm(torch.stack(list(norms)))
        factor: Tensor = torch.ones_like(total)
        if self._most_norm is not None:
            factor = (self._most_norm / (total + 1e-6)).clamp(max=1.0)
            for gradient in gradients:
                gradient.mul_(factor)
        if self._most_value is not None:
            for gradient in gradients:
                gradient.clamp_(-self._most_value, self._most_value)
            after = torch.linalg.vector_norm(torch.stack(take_norms(gradients)))
            factor = torch.where(total > 0, after / total, torch.ones_like(total))
        return factor
