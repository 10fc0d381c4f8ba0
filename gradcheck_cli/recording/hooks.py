"""Hooks that measure the signal between layers on sampled steps; they change nothing and keep no graph alive.

A forward hook measures each output at once, before anything can overwrite it, and puts a tensor hook on it for the
gradient. Full backward hooks are not used: they refuse in-place activations and miss some outputs silently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gradcheck_cli.recording.activations import SATURATED_SHARE, absolute_slopes, largest_slope
from gradcheck_cli.recording.distributed import Ranks
from gradcheck_cli.recording.history import Floats, Quantity
from gradcheck_cli.recording.layer_signals import Column, SampleNorms, summarize_samples
from gradcheck_cli.recording.statistics import row_norms, to_numpy, varying_row_norms

SLOPE_ROWS, SLOPE_ELEMENTS = 64, 2**16
"""An activation's slope is taken at so many rows of its input, fewer (but 8) where those have more elements."""


@dataclass(eq=False)
class _Call:
    """One call of one layer: norms `[N]` for each tensor of its output."""

    layer: int
    copies: int = 1
    rows: int = 0
    magnitudes: list[Tensor] = field(default_factory=list)
    variations: list[Tensor] = field(default_factory=list)
    gradients: list[Tensor] = field(default_factory=list)

    @property
    def vectors(self) -> list[Tensor]:
        return [*self.magnitudes, *self.variations, *self.gradients]


@dataclass(frozen=True, eq=False)
class _SlopeCall:
    """Mean slope and share of saturated elements, 0-d, over some rows at one call of an activation."""

    slope: Tensor
    saturated: Tensor
    rows: int


class SignalHooks:
    """Measures layer outputs, their gradients and activation slopes between `attach` and `detach`."""

    def __init__(
        self, layers: Mapping[str, nn.Module], activations: Mapping[str, nn.Module], *, ranks: Ranks | None = None
    ) -> None:
        """Args:
        layers: The observed layers in forward order, by name.
        activations: Those among them that are elementwise activations.
        ranks: The processes that share the rows of each batch; all of them call the same layers in the same order.
        """
        self._layers, self._ranks = layers, ranks
        self._activations = activations
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._made_out_of_place: list[nn.Module] = []
        self._calls: list[_Call] = []
        self._slopes: list[list[_SlopeCall]] = []
        self._largest_slopes: dict[int, float] = {}

    def attach(self) -> None:
        """Observe from now on; forgets what was measured before."""
        self._forget()
        for index, layer in enumerate(self._layers.values()):
            self._handles.append(layer.register_forward_hook(partial(self._after_forward, index)))
        for index, activation in enumerate(self._activations.values()):
            self._handles.append(activation.register_forward_pre_hook(partial(self._before_activation, index)))
            if getattr(activation, "inplace", False):
                # An in-place change of a view drops the graph node that the view's own tensor hook sits on.
                self._made_out_of_place.append(activation)
                activation.inplace = False  # type: ignore[assignment]

    def detach(self) -> None:
        """Remove every hook; what was measured stays."""
        while self._handles:
            self._handles.pop().remove()
        while self._made_out_of_place:
            self._made_out_of_place.pop().inplace = True  # type: ignore[assignment]

    def collect(self, gradient_factor: float) -> dict[Quantity, Column]:
        """What was measured since `attach`, over the layers or, for slopes, the activations.

        Args:
            gradient_factor: Turns a recorded gradient into that of one sample's own loss: N for mean-reduced losses,
                divided by the loss scale.
        """
        calls = _transfer(self._calls, gradient_factor)
        total = None if self._ranks is None else self._ranks.total
        found = summarize_samples(calls, layers=len(self._layers), total=total)
        found[Quantity.ACTIVATION_SLOPE], found[Quantity.SATURATED_FRACTION] = self._slope_columns()
        self._forget()
        return found

    def _forget(self) -> None:
        self._calls, self._slopes = [], [[] for _ in self._activations]

    def _after_forward(self, index: int, _module: nn.Module, _inputs: Any, output: Any) -> None:
        call = _Call(index, 1 if self._ranks is None else self._ranks.copies)
        for tensor in _tensors(output):
            call.rows = call.rows or tensor.shape[0]
            self._observe(tensor, call)
        if call.magnitudes:
            self._calls.append(call)

    def _observe(self, tensor: Tensor, call: _Call) -> None:
        values = _rows_first(tensor.detach(), call.rows)
        if values is None or not values.numel():
            return
        call.magnitudes.append(row_norms(values))
        variation = self._vary(values)
        if variation is not None:
            call.variations.append(variation)
        if tensor.requires_grad:
            handle = tensor.register_hook(partial(_keep_gradient, call))  # type: ignore[no-untyped-call]
            self._handles.append(handle)

    def _vary(self, values: Tensor) -> Tensor | None:
        if self._ranks is not None:
            return self._ranks.varying_row_norms(values)
        return varying_row_norms(values) if len(values) > 1 else None

    def _before_activation(self, index: int, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        for tensor in _tensors(inputs[:1]):
            row_elements = max(tensor.numel() // tensor.shape[0], 1) if tensor.shape[0] else 1
            most = min(SLOPE_ROWS, max(SLOPE_ELEMENTS // row_elements, 8))
            values = tensor.detach()[: most if self._ranks is None else self._ranks.rows_of(most)]
            if index not in self._largest_slopes:
                self._largest_slopes[index] = largest_slope(module, values)
            slopes = absolute_slopes(module, values)
            saturated = (slopes < SATURATED_SHARE * self._largest_slopes[index]).float()
            self._slopes[index].append(_SlopeCall(slopes.float().mean(), saturated.mean(), len(values)))

    def _slope_columns(self) -> tuple[Column, Column]:
        slope, saturated = (Column.unknown(len(self._activations)) for _ in range(2))
        measured = [index for index, calls in enumerate(self._slopes) if calls]
        if measured:
            calls = [call for index in measured for call in self._slopes[index]]
            flat = to_numpy(torch.stack([number for call in calls for number in (call.slope, call.saturated)]))
            counts = np.array([len(self._slopes[index]) for index in measured])
            pairs = self._over_all_rows(flat.reshape(-1, 2), np.array([call.rows for call in calls]))
            means = np.add.reduceat(pairs, np.cumsum(counts) - counts) / counts[:, None]
            slope.values[measured], saturated.values[measured] = means.T
            slope.known[measured] = saturated.known[measured] = True
        return slope, saturated

    def _over_all_rows(self, means: Floats, rows: Floats) -> Floats:
        """Means `[calls, 2]` over the rows of all processes from those over this one's."""
        if self._ranks is None:
            return means
        totals = self._ranks.total(np.column_stack([means * rows[:, None], rows]))
        return np.asarray(totals[:, :2] / totals[:, 2:])


def _keep_gradient(call: _Call, gradient: Tensor) -> None:
    values = _rows_first(gradient.detach() if gradient.requires_grad else gradient, call.rows)
    if values is not None:
        call.gradients.append(row_norms(values))


def _tensors(output: Any) -> Iterator[Tensor]:
    """The floating-point tensors in a nested output that have rows."""
    if isinstance(output, Tensor):
        if output.is_floating_point() and output.dim():
            yield output
    elif isinstance(output, Mapping):
        for value in output.values():
            yield from _tensors(value)
    elif isinstance(output, list | tuple):
        for value in output:
            yield from _tensors(value)


def _rows_first(tensor: Tensor, rows: int) -> Tensor | None:
    """The tensor with its rows on the first axis; the states of recurrent layers have them on the second."""
    if tensor.shape[0] == rows:
        return tensor
    if tensor.dim() > 1 and tensor.shape[1] == rows:
        return tensor.transpose(0, 1)
    return None


def _transfer(calls: list[_Call], gradient_factor: float) -> list[SampleNorms]:
    """All norms as numpy arrays, by one transfer from the device."""
    vectors = [vector for call in calls for vector in call.vectors]
    if not vectors:
        return []
    flat = to_numpy(torch.cat(vectors))
    start = 0

    def take(norms: list[Tensor], rows: int, factor: float = 1.0) -> Floats | None:
        """The norm over the tensors of one output."""
        nonlocal start
        stop = start + rows * len(norms)
        values, start = flat[start:stop], stop
        if not norms:
            return None
        joined: Floats = values if len(norms) == 1 else np.sqrt(np.square(values.reshape(-1, rows)).sum(axis=0))
        return joined * factor

    # In the order of `vectors`.
    return [
        SampleNorms(
            call.layer,
            call.rows,
            magnitude=take(call.magnitudes, call.rows),
            variation=take(call.variations, call.rows),
            gradient=take(call.gradients, call.rows, gradient_factor * call.copies),
            copies=call.copies,
        )
        for call in calls
    ]
