"""What hooks measured at one step, still on the device, and how it becomes columns on the host; it attaches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from gradcheck_cli.recording.distributed import Ranks
from gradcheck_cli.recording.history import Floats, Quantity
from gradcheck_cli.recording.layer_signals import Column, SampleNorms, summarize_samples
from gradcheck_cli.recording.statistics import to_numpy


@dataclass(eq=False)
class LayerCall:
    """One call of one layer: norms `[N]` for each tensor of its output.

    Attributes:
        passes: For each backward pass through this call, the norm of the gradient of each output tensor.
    """

    layer: int
    copies: int = 1
    rows: int = 0
    magnitudes: list[Tensor] = field(default_factory=list)
    variations: list[Tensor] = field(default_factory=list)
    passes: list[dict[int, Tensor]] = field(default_factory=list)

    @property
    def vectors(self) -> list[Tensor]:
        """All of its norms."""
        gradients = (norm for one in self.passes for norm in one.values())
        return [*self.magnitudes, *self.variations, *gradients]


@dataclass(frozen=True, eq=False)
class SlopeCall:
    """Mean slope and share of saturated elements, 0-d, over some rows at one call of an activation."""

    slope: Tensor
    saturated: Tensor
    rows: int


@dataclass(frozen=True, eq=False)
class MeasuredSignals:
    """All calls of one step.

    Attributes:
        calls: Of layers, in the order in which they were made.
        slopes: The calls of each activation.
        layers: How many layers there are.
        gradient_factor: Turns a recorded gradient into that of one sample's own loss.
        ranks: The processes that share the rows.
    """

    calls: Sequence[LayerCall]
    slopes: Sequence[Sequence[SlopeCall]]
    layers: int
    gradient_factor: float
    ranks: Ranks | None

    def read(self) -> dict[Quantity, Column]:
        """Transfer it: columns over the layers or, for slopes, the activations.

        Where several processes share the rows, all of them do this, in the same order.
        """
        total = None if self.ranks is None else self.ranks.total
        found = summarize_samples(self._transfer(), layers=self.layers, total=total)
        found[Quantity.ACTIVATION_SLOPE], found[Quantity.SATURATED_FRACTION] = self._slope_columns()
        return found

    def _transfer(self) -> list[SampleNorms]:
        """All norms as numpy arrays, by one transfer from the device; a call for each backward pass through it."""
        vectors = [vector for call in self.calls for vector in call.vectors]
        if not vectors:
            return []
        flat = to_numpy(torch.cat(vectors))
        start = 0

        def take(count: int, rows: int, factor: float = 1.0) -> Floats | None:
            """The norm over the tensors of one output."""
            nonlocal start
            stop = start + rows * count
            values, start = flat[start:stop], stop
            if not count:
                return None
            joined: Floats = values if count == 1 else np.sqrt(np.square(values.reshape(-1, rows)).sum(axis=0))
            return joined * factor

        samples = []
        for call in self.calls:
            # In the order of `vectors`.
            magnitude, variation = take(len(call.magnitudes), call.rows), take(len(call.variations), call.rows)
            for one in call.passes or [{}]:
                gradient = take(len(one), call.rows, self.gradient_factor * call.copies)
                samples.append(
                    SampleNorms(
                        call.layer,
                        call.rows,
                        magnitude=magnitude,
                        variation=variation,
                        gradient=gradient,
                        copies=call.copies,
                    )
                )
        return samples

    def _slope_columns(self) -> tuple[Column, Column]:
        slope, saturated = (Column.unknown(len(self.slopes)) for _ in range(2))
        measured = [index for index, calls in enumerate(self.slopes) if calls]
        if measured:
            calls = [call for index in measured for call in self.slopes[index]]
            flat = to_numpy(torch.stack([number for call in calls for number in (call.slope, call.saturated)]))
            counts = np.array([len(self.slopes[index]) for index in measured])
            pairs = self._over_all_rows(flat.reshape(-1, 2), np.array([call.rows for call in calls]))
            means = np.add.reduceat(pairs, np.cumsum(counts) - counts) / counts[:, None]
            slope.values[measured], saturated.values[measured] = means.T
            slope.known[measured] = saturated.known[measured] = True
        return slope, saturated

    def _over_all_rows(self, means: Floats, rows: Floats) -> Floats:
        """Means `[calls, 2]` over the rows of all processes from those over this one's."""
        if self.ranks is None:
            return means
        totals = self.ranks.total(np.column_stack([means * rows[:, None], rows]))
        return np.asarray(totals[:, :2] / totals[:, 2:])
