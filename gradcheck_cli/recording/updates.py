"""Measures weights and the updates really taken, around one optimizer step; it steps nothing."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from gradcheck_cli.recording.history import Floats
from gradcheck_cli.recording.layer_signals import Column, divide
from gradcheck_cli.recording.statistics import exact_norms


class UpdateRatios:
    """|dw| / |w| of each parameter: `before` the step, `after` it."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = parameters
        self._changing: list[int] = []
        self._weights: list[Tensor] = []
        self._norms = Column.unknown(len(parameters))

    def before(self) -> Column:
        """Remember the weights that are not frozen; their norms `[P]`."""
        self._changing = [index for index, parameter in enumerate(self._parameters) if parameter.requires_grad]
        self._weights = [self._parameters[index].detach().clone() for index in self._changing]
        self._norms = self._spread(exact_norms(self._weights))
        return self._norms

    def after(self) -> Column:
        """The ratios `[P]` of the step taken since `before`; unknown for weights that were all zero."""
        weights, self._weights = self._weights, []
        updates = [
            self._parameters[index].detach() - weight for index, weight in zip(self._changing, weights, strict=True)
        ]
        return divide(self._spread(exact_norms(updates)), self._norms)

    def forget(self) -> None:
        """The step was not taken."""
        self._weights = []

    def _spread(self, values: Floats) -> Column:
        """Values of the weights that change, put in their places."""
        column = Column.unknown(len(self._parameters))
        column.values[self._changing], column.known[self._changing] = values, True
        return column
