"""Measures how the last state of a recurrent layer depends on its input at each time step; it runs no network.

The loss is not asked: behind `MeanOverTime` each state has a short path to it, which hides a recurrence that forgets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from gradcheck_cli.recording.history import Floats, ThroughTime
from gradcheck_cli.recording.statistics import row_norms, to_numpy

MOST_ROWS = 32
REVERSE = ":reverse"
"""Behind a layer's name: its backward direction, whose last state is that of the first time step."""


class ThroughTimeProbe:
    """Takes the inputs of recurrent layers from evaluations of the slice, and differentiates each layer by itself."""

    def __init__(self, layers: Mapping[str, nn.RNNBase], *, chosen: Collection[int]) -> None:
        """Args:
        layers: By name, in forward order.
        chosen: Numbers of optimizer steps after which an evaluation is measured.
        """
        self._layers, self._chosen = layers, chosen
        self._inputs: dict[str, Tensor] = {}
        self._held: int | None = None
        self._closed = False
        self._taken: dict[str, dict[int, Floats]] = {}

    @contextmanager
    def observe(self) -> Iterator[None]:
        """Keep the first rows that reach each layer during one evaluation."""
        handles = []
        try:
            self._inputs = {}
            for name, layer in self._layers.items():
                handles.append(layer.register_forward_pre_hook(partial(self._keep_input, name)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def end_evaluation(self, step: int) -> None:
        """Measure where the step was chosen, or the run is over; else hold the inputs until the next evaluation."""
        self._held = step
        if self._closed or step in self._chosen:
            self._measure()

    def close(self, step: int) -> None:
        """The run ends after `step` steps: measure what is held if it is of these weights."""
        self._closed = True
        if self._held == step:
            self._measure()

    def finish(self) -> dict[str, ThroughTime]:
        """By layer, and by layer with `REVERSE` for backward directions; without those that took no sequence."""
        return {
            name: ThroughTime(steps=np.array(list(taken), dtype=np.int64), norms=np.array(list(taken.values())))
            for name, taken in self._taken.items()
        }

    def _keep_input(self, name: str, layer: nn.RNNBase, arguments: tuple[object, ...]) -> None:
        x = arguments[0] if arguments else None
        if name not in self._inputs and isinstance(x, Tensor) and x.dim() == 3:
            rows = x if layer.batch_first else x.transpose(0, 1)
            self._inputs[name] = rows[:MOST_ROWS].detach().clone()

    def _measure(self) -> None:
        step, self._held = self._held, None
        if step is None:
            return
        for name, x in self._inputs.items():
            for suffix, norms in zip(("", REVERSE), measure_through_time(self._layers[name], x), strict=False):
                taken = self._taken.setdefault(name + suffix, {})
                if all(len(norms) == len(other) for other in taken.values()):
                    taken[step] = norms
        self._inputs = {}


def measure_through_time(layer: nn.RNNBase, x: Tensor) -> list[Floats]:
    """The gradient of the last state by the input at each time step, in evaluation mode.

    The state is projected on random signs, the same at each call: the mean square of the gradient is then that of the
    whole Jacobian, for one backward pass.

    Args:
        layer: Left as it is, and so are the gradients of its parameters.
        x: `[N, T, D]`, whatever `layer.batch_first` says.

    Returns:
        For each direction `[T]`, in the order of time: L2 norm over features, RMS over rows.

    Source:
        Hutchinson 1990, "A stochastic estimator of the trace": E |v J|^2 = |J|_F^2 for random signs v.
    """
    inputs = x.detach().to(next(layer.parameters()).dtype).requires_grad_()
    with _as_evaluated(layer), torch.enable_grad():
        output = _run(layer, inputs)
        width = layer.proj_size or layer.hidden_size
        states = [output[:, -1, :width], *([output[:, 0, width:]] if layer.bidirectional else [])]
        gradients = [
            # Of a sum, not with `grad_outputs`: torch would import its symbolic shapes for those, for half a second.
            torch.autograd.grad((state * _signs_like(state)).sum(), inputs, retain_graph=state is not states[-1])[0]
            for state in states
        ]
    return [_root_mean_square(gradient) for gradient in gradients]


@contextmanager
def _as_evaluated(layer: nn.RNNBase) -> Iterator[None]:
    """Without dropout between stacked layers, in full precision; cuDNN refuses a backward pass in evaluation mode."""
    training, device = layer.training, next(layer.parameters()).device.type
    layer.eval()
    try:
        with torch.backends.cudnn.flags(enabled=False), torch.autocast(device, enabled=False):
            yield
    finally:
        layer.train(training)


def _run(layer: nn.RNNBase, inputs: Tensor) -> Tensor:
    """`[N, T, D] -> [N, T, S]`, for torch's own layers and for those that pass on their sequence alone."""
    output = layer(inputs if layer.batch_first else inputs.transpose(0, 1))
    sequence: Tensor = output[0] if isinstance(output, tuple) else output
    return sequence if layer.batch_first else sequence.transpose(0, 1)


def _signs_like(state: Tensor) -> Tensor:
    drawn = torch.randint(0, 2, state.shape, generator=torch.Generator().manual_seed(0))
    return (2 * drawn - 1).to(device=state.device, dtype=state.dtype)


def _root_mean_square(gradient: Tensor) -> Floats:
    """`[N, T, D] -> [T]`."""
    norms = to_numpy(row_norms(gradient.flatten(0, 1))).reshape(gradient.shape[:2])
    # Dividing by the largest keeps the squares in range.
    largest = np.max(norms, axis=0, initial=0.0)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    with np.errstate(invalid="ignore", over="ignore"):
        found: Floats = scale * np.sqrt(np.square(norms / scale).mean(axis=0))
    return found
