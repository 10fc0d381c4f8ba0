"""torch's losses where they do not pass NaN on as NaN; every other value is torch's own to the last bit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gradcheck_cli.errors import ModelError, Problem


class BCELoss(nn.BCELoss):
    """torch refuses whatever is not in [0, 1], NaN too: on a CPU by an exception, on a GPU by ending the process."""

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        unknown = output.isnan()
        if not bool(((output >= 0) & (output <= 1) | unknown).all()):
            raise _no_probability(output)
        # Under autocast torch refuses this loss altogether.
        with torch.autocast(output.device.type, enabled=False):
            value = super().forward(output.float().masked_fill(unknown, 0.5), target)
        return value + _reduce(torch.where(unknown, output.float(), 0.0), self.reduction)


class MultiMarginLoss(nn.MultiMarginLoss):
    """torch takes a margin that is NaN for one that is kept."""

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        unknown = torch.where(output.isnan().any(dim=1), torch.nan, 0.0)
        return super().forward(output, target) + _reduce(unknown, self.reduction)


def _reduce(unknown: Tensor, reduction: str) -> Tensor:
    return unknown if reduction == "none" else unknown.sum()


def _no_probability(output: Tensor) -> ModelError:
    known = output[~output.isnan()]
    message = (
        f"BCELoss takes probabilities, but the outputs range from {float(known.min()):.3g} to {float(known.max()):.3g}"
    )
    return ModelError([Problem("loss", message, "values from 0 to 1", "use BCEWithLogitsLoss, or end with Sigmoid")])
