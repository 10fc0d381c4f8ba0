"""Measures weights and the updates really taken, around one optimizer step; it steps nothing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gradcheck_cli.recording.distributed import Shards, bytes_of_piece, piece_of
from gradcheck_cli.recording.layer_signals import Column, divide
from gradcheck_cli.recording.statistics import exact_norms

MOST_BYTES_OF_COPIES = 2**30
"""A copy of all weights is a burden only in networks of hundreds of millions of them."""


class UpdateRatios:
    """|dw| / |w| of each parameter: `before` the step, `after` it; unknown for the largest of a huge network."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = parameters
        self._shards = Shards(parameters)
        self._copied: list[int] = []
        self._weights: list[Tensor] = []
        self._norms = Column.unknown(len(parameters))

    def before(self) -> Column:
        """Remember the weights that are not frozen; their norms `[P]`."""
        changing = [index for index, parameter in enumerate(self._parameters) if parameter.requires_grad]
        self._norms = self._measure([piece_of(self._parameters[index].detach()) for index in changing], changing)
        self._copied = self._choose_copied(changing)
        self._weights = [piece_of(self._parameters[index].detach()).clone() for index in self._copied]
        return self._norms

    def after(self) -> Column:
        """The ratios `[P]` of the step taken since `before`; unknown for weights that were all zero."""
        weights, self._weights = self._weights, []
        for index, weight in zip(self._copied, weights, strict=True):
            torch.sub(piece_of(self._parameters[index].detach()), weight, out=weight)
        return divide(self._measure(weights, self._copied), self._norms)

    def forget(self) -> None:
        """The step was not taken."""
        self._weights = []

    def _choose_copied(self, changing: Sequence[int]) -> list[int]:
        """All of them, or the smallest ones where copies of all would take too much memory."""
        chosen, room = [], MOST_BYTES_OF_COPIES
        for index in sorted(changing, key=lambda one: bytes_of_piece(self._parameters[one])):
            room -= bytes_of_piece(self._parameters[index])
            if room < 0:
                break
            chosen.append(index)
        return sorted(chosen)

    def _measure(self, pieces: Sequence[Tensor], places: Sequence[int]) -> Column:
        """Norms put in their places, the others unknown."""
        column = Column.unknown(len(self._parameters))
        column.values[places], column.known[places] = exact_norms(pieces), True
        return Column(self._shards.whole(column.values), column.known)
