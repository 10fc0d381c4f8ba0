"""Gradient clipping as torch does it, with the factor that came of it; it uses norms that are already known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gradcheck_cli.config.schema import TrainerConfig
from gradcheck_cli.recording.distributed import piece_of
from gradcheck_cli.recording.statistics import norms as take_norms


class Clipping:
    """Clips by the global norm, then by value, as far as the trainer asks for either."""

    def __init__(
        self,
        trainer: TrainerConfig,
        parameters: Sequence[nn.Parameter],
        *,
        sum_over_pieces: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        """Args:
        trainer: Its `clip_grad_norm` and `clip_grad_value`.
        parameters: Those of the optimizer.
        sum_over_pieces: Sums a 0-d number over the processes that hold pieces of each gradient; None where all are
            whole.
        """
        self._most_norm, self._most_value = trainer.clip_grad_norm, trainer.clip_grad_value
        self._parameters, self._sum_over_pieces = parameters, sum_over_pieces
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
        if self._sum_over_pieces is not None:
            gradients = [piece_of(gradient) for gradient in gradients]
        total = self._join(norms)
        factor: Tensor = torch.ones_like(total)
        if self._most_norm is not None:
            factor = (self._most_norm / (total + 1e-6)).clamp(max=1.0)
            for gradient in gradients:
                gradient.mul_(factor)
        if self._most_value is not None:
            for gradient in gradients:
                gradient.clamp_(-self._most_value, self._most_value)
            after = self._join(take_norms(gradients))
            factor = torch.where(total > 0, after / total, torch.ones_like(total))
        return factor

    def _join(self, norms: Sequence[Tensor]) -> Tensor:
        """The norm over all gradients from those of each one, or of each one's piece."""
        total: Tensor = torch.linalg.vector_norm(torch.stack(list(norms)))
        if self._sum_over_pieces is None:
            return total
        whole: Tensor = self._sum_over_pieces(total.double().square()).sqrt().to(total.dtype)
        return whole
