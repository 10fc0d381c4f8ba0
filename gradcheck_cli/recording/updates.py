"""Measures weights and the updates really taken, around one optimizer step; it steps nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from gradcheck_cli.recording.distributed import Shards, pieces_of
from gradcheck_cli.recording.history import Floats
from gradcheck_cli.recording.layer_signals import Column, divide
from gradcheck_cli.recording.statistics import exact_norms


class UpdateRatios:
    """|dw| / |w| of each parameter: `before` the step, `after` it."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = parameters
        self._shards = Shards(parameters)
        self._weights: list[Tensor] = []
        self._norms = Column.unknown(len(parameters))

    def before(self) -> Column:
        """Remember the weights; their norms `[P]`."""
        self._weights = [piece.clone() for piece in pieces_of(self._parameters)]
        self._norms = self._measure(self._weights)
        return self._norms

    def after(self) -> Column:
        """The ratios `[P]` of the step taken since `before`; unknown for weights that were all zero."""
        updates = [piece - weight for piece, weight in zip(pieces_of(self._parameters), self._weights, strict=True)]
        self._weights = []
        return divide(self._measure(updates), self._norms)

    def _measure(self, pieces: Sequence[Tensor]) -> Column:
        return _known(self._shards.whole(exact_norms(pieces)))


def _known(values: Floats) -> Column:
    return Column(values, np.ones(len(values), dtype=np.bool_))
