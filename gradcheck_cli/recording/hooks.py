"""Hooks that measure the signal between layers on sampled steps; they change nothing and keep no graph alive.

A forward hook measures each output at once, before anything can overwrite it, and puts a tensor hook on it for the
gradient. Full backward hooks are not used: they refuse in-place activations and miss some outputs silently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gradcheck_cli.recording.activations import SATURATED_SHARE, absolute_slopes, find_largest_slope, share_below
from gradcheck_cli.recording.dead_units import DeadUnits
from gradcheck_cli.recording.distributed import Ranks
from gradcheck_cli.recording.inert_hook import InertHook
from gradcheck_cli.recording.measured_signals import LayerCall, MeasuredSignals, SlopeCall
from gradcheck_cli.recording.nested_tensors import find_row_axis, find_row_tensors, put_rows_first
from gradcheck_cli.recording.statistics import row_norms, varying_row_norms

SLOPE_ROWS, SLOPE_ELEMENTS = 64, 2**16
"""An activation's slope is taken at so many rows of its input, fewer (but 8) where those have more elements."""

_current_backward = getattr(torch._C, "_current_graph_task_id", None)
_Register = Callable[[Any], torch.utils.hooks.RemovableHandle]


class SignalHooks:
    """Measures layer outputs, their gradients and activation slopes between `attach` and `detach`.

    A forward pass without gradients is none of training. Under activation checkpointing a layer is called again inside
    the backward pass: that call counts where the first one was made without gradients (the reentrant kind), and not
    where the first one has been measured.
    """

    def __init__(
        self,
        layers: Mapping[str, nn.Module],
        activations: Mapping[str, nn.Module],
        *,
        ranks: Ranks | None = None,
        root: nn.Module | None = None,
        dead_units: DeadUnits | None = None,
    ) -> None:
        """Args:
        layers: The observed layers in forward order, by name.
        activations: Those among them that are elementwise activations.
        ranks: The processes that share the rows of each batch; all of them call the same layers in the same order.
        root: The whole network, where the rows of a step are to be counted and evaluations to be told apart.
        dead_units: Told of the slopes, where there is no evaluation in which they could be looked for.
        """
        self._layers, self._names, self._ranks = layers, tuple(layers), ranks
        self._activations = activations
        self._root, self._dead_units = root, dead_units
        self._hooks = tuple(self._make_hooks())
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._made_out_of_place: list[nn.Module] = []
        self._largest_slopes: dict[int, float] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        """Shape of each layer's first output, without the rows, in the order of the first calls."""
        self.forget()

    def attach(self) -> None:
        """Observe from now on; forgets what was measured before."""
        self.forget()
        for register, hook in self._hooks:
            self._handles.append(register(hook))
        for activation in self._activations.values():
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

    def forget(self) -> None:
        """Drop what was measured: it belongs to another step."""
        self.rows = 0
        """Rows that went through the network with gradients since `attach`, where a root was given, and ..."""
        self.batches = 0
        """... in how many forward passes."""
        self._calls: list[LayerCall] = []
        self._slopes: list[list[SlopeCall]] = [[] for _ in self._activations]
        self._unmeasured: Counter[tuple[bool, int]] = Counter()
        self._in_evaluation = False

    def _make_hooks(self) -> Iterator[tuple[_Register, InertHook]]:
        """Where each hook goes, and it."""
        if self._root is not None:
            yield self._root.register_forward_pre_hook, InertHook(self._before_root)
            yield self._root.register_forward_hook, InertHook(self._after_root)
        for index, layer in enumerate(self._layers.values()):
            yield layer.register_forward_hook, InertHook(self._after_forward, index)
        for index, activation in enumerate(self._activations.values()):
            yield activation.register_forward_pre_hook, InertHook(self._before_activation, index)

    def take(self, gradient_factor: float) -> MeasuredSignals:
        """What was measured since `attach`, left where it is.

        Args:
            gradient_factor: Turns a recorded gradient into that of one sample's own loss: N for mean-reduced losses,
                divided by the loss scale.
        """
        measured = MeasuredSignals(self._calls, self._slopes, len(self._layers), gradient_factor, self._ranks)
        self.forget()
        return measured

    def _before_root(self, _module: nn.Module, _inputs: Any) -> None:
        self._in_evaluation = not torch.is_grad_enabled()
        if self._dead_units is not None:
            self._dead_units.begin_batch()

    def _after_root(self, _module: nn.Module, inputs: Any, output: Any) -> None:
        if torch.is_grad_enabled() and not is_inside_backward():
            first = next((tensor for value in (output, inputs) for tensor in find_row_tensors(value)), None)
            self.rows += 0 if first is None else len(first)
            self.batches += 1
        self._in_evaluation = False

    def _counts(self, call: tuple[bool, int]) -> bool:
        """Whether this call of a layer (or, True, of an activation) is the one to measure."""
        if not torch.is_grad_enabled():
            self._unmeasured[call] += not self._in_evaluation
            return False
        if not is_inside_backward():
            return True
        self._unmeasured[call] -= 1
        return self._unmeasured[call] >= 0

    def _after_forward(self, index: int, module: nn.Module, _inputs: Any, output: Any) -> None:
        if not self._counts((False, index)):
            return
        call = LayerCall(index, 1 if self._ranks is None else self._ranks.copies)
        for position, tensor in enumerate(find_row_tensors(output)):
            axis = find_row_axis(module, tensor, position)
            call.rows = call.rows or tensor.shape[axis]
            self._observe(tensor, call, axis=axis)
        if call.magnitudes:
            self._calls.append(call)

    def _observe(self, tensor: Tensor, call: LayerCall, *, axis: int) -> None:
        values = put_rows_first(tensor.detach(), call.rows, axis=axis)
        if values is None or not values.numel():
            return
        name = self._names[call.layer]
        if name not in self.shapes:
            self.shapes[name] = tuple(values.shape[1:])
        place = len(call.magnitudes)
        call.magnitudes.append(row_norms(values))
        if self._ranks is not None:
            variation = self._ranks.varying_row_norms(values)
        else:
            variation = varying_row_norms(values) if call.rows > 1 else None
        if variation is not None:
            call.variations.append(variation)
        if tensor.requires_grad:
            hook = partial(_keep_gradient, call, place, axis)
            self._handles.append(tensor.register_hook(hook))  # type: ignore[no-untyped-call]

    def _before_activation(self, index: int, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if not self._counts((True, index)):
            return
        for tensor in find_row_tensors(inputs[0] if inputs else ()):
            values, rows = tensor.detach(), tensor.shape[0]
            most = min(SLOPE_ROWS, max(SLOPE_ELEMENTS * rows // max(tensor.numel(), 1), 8))
            most = most if self._ranks is None else self._ranks.rows_of(most)
            if rows > most:
                values = values[:most]
            if index not in self._largest_slopes:
                self._largest_slopes[index] = find_largest_slope(module, values)
            slopes = absolute_slopes(module, values)
            if self._dead_units is not None:
                self._dead_units.see_slopes(index, slopes)
            mean = slopes.mean()
            saturated = share_below(slopes, SATURATED_SHARE * self._largest_slopes[index])
            self._slopes[index].append(SlopeCall(mean, saturated, min(rows, most)))


def is_inside_backward() -> bool:
    """Whether a backward pass is running on this thread; False where this torch does not tell."""
    return _current_backward is not None and _current_backward() != -1


def _keep_gradient(call: LayerCall, place: int, axis: int, gradient: Tensor | None) -> None:
    if gradient is None:
        # One of several outputs of a function, which nothing used.
        return
    values = put_rows_first(gradient.detach() if gradient.requires_grad else gradient, call.rows, axis=axis)
    if values is None:
        return
    if not call.passes or place in call.passes[-1]:
        # A further backward pass through the same graph.
        call.passes.append({})
    call.passes[-1][place] = row_norms(values)
