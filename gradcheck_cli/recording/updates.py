"""Measures weights and the updates really taken, around one optimizer step; it steps nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from gradcheck_cli.recording.history import Floats
from gradcheck_cli.recording.layer_signals import Column, divide
from gradcheck_cli.recording.statistics import exact_norms


class UpdateRatios:
    """|dw| / |w| of each parameter: `before` the step, `after` it."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = parameters
        self._weights: list[Tensor] = []
        self._norms = Column.unknown(len(parameters))

    def before(self) -> Column:
        """Remember the weights; their norms `[P]`."""
        self._weights = [parameter.detach().clone() for parameter in self._parameters]
        self._norms = _known(exact_norms(self._weights))
        return self._norms

    def after(self) -> Column:
        """The ratios `[P]` of the step taken since `before`; unknown for weights that were all zero."""
        updates = [
            parameter.detach() - weight for parameter, weight in zip(self._parameters, self._weights, strict=True)
        ]
        self._weights = []
        return divide(_known(exact_norms(updates)), self._norms)


def _known(values: Floats) -> Column:
    return Column(values, np.ones(len(values), dtype=np.bool_))
