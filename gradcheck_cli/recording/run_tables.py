"""Keeps what has left the device of one run, within bounded memory; it measures nothing and waits for nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradcheck_cli.recording.faults import FaultWatch
from gradcheck_cli.recording.history import Floats, Ints, NonFinite, Quantity, Signal, StepSeries
from gradcheck_cli.recording.layer_signals import Column
from gradcheck_cli.recording.norm_table import NormTable
from gradcheck_cli.recording.observed import Observed
from gradcheck_cli.recording.pending_steps import ReadSteps
from gradcheck_cli.recording.signal_table import SignalTable
from gradcheck_cli.recording.step_log import StepLog

MOST_BYTES_OF_NORMS = 64 * 2**20

_OF_PARAMETERS = (Quantity.WEIGHT_NORM, Quantity.UPDATE_RATIO)
_OF_LAYERS = (
    Quantity.BACKWARD_SIGNAL,
    Quantity.FORWARD_SIGNAL,
    Quantity.FORWARD_RELATIVE,
    Quantity.SENSITIVITY,
)
_OF_ACTIVATIONS = (Quantity.ACTIVATION_SLOPE, Quantity.SATURATED_FRACTION, Quantity.DEAD_FRACTION)


class RunTables:
    """Steps, gradient norms, signals of sampled steps, and what was not finite; writing twice is harmless."""

    def __init__(self, observed: Observed, *, planned_steps: int) -> None:
        """Args:
        planned_steps: Optimizer steps of the whole run; no room is taken for more.
        """
        parameters, layers = tuple(observed.parameters), tuple(observed.layers)
        self._layers = layers
        self._faults = FaultWatch(observed.owners)
        self._norms = NormTable(parameters, planned_steps=planned_steps, most_bytes=MOST_BYTES_OF_NORMS)
        self._signals = SignalTable(
            {
                **dict.fromkeys(_OF_PARAMETERS, parameters),
                **dict.fromkeys(_OF_LAYERS, layers),
                **dict.fromkeys(_OF_ACTIVATIONS, tuple(observed.activations)),
            }
        )
        self._log = StepLog()

    def __len__(self) -> int:
        """Steps."""
        return len(self._log)

    def put_steps(self, read: ReadSteps) -> None:
        """Append steps."""
        self._norms.put(read.steps[read.looked_at], read.norms, known=read.known)
        self._log.put(read.steps, read.numbers, skipped=read.skipped)
        self._faults.see_steps(read)

    def put_signals(self, step: int, columns: Mapping[Quantity, Column]) -> None:
        """Add what was measured at one step, before the step itself is put."""
        forward = columns.get(Quantity.FORWARD_SIGNAL)
        if forward is not None:
            bad = np.flatnonzero(forward.known & ~np.isfinite(forward.values))
            self._faults.see_outputs(step, tuple(self._layers[index] for index in bad))
        self._signals.put(step, columns)

    def put_bad_parameters(self, step: int, columns: Ints) -> None:
        """Add which parameters were not finite after a step."""
        self._faults.see_parameters(step, columns)

    def finish(self, *, parameters_finite: bool) -> tuple[StepSeries, dict[Quantity, Signal], NonFinite | None]:
        """Everything so far."""
        signals = self._signals.finish()
        signals[Quantity.GRADIENT_NORM] = self._norms.finish()
        return self._log.finish(), signals, self._faults.finish(parameters_finite=parameters_finite)

    def mean_loss(self, start: int) -> float:
        """Mean loss of the steps from `start` on."""
        return self._log.mean_loss(start)

    def recent(self, quantity: Quantity, *, count: int = 1) -> Mapping[str, Floats]:
        """The last `count` sampled values of each row (layer or parameter), NaN where unknown."""
        return self._signals.recent(quantity, count)

    @property
    def last_norms(self) -> Mapping[str, float]:
        """The gradient norm of each parameter at the last step looked at; those that are not known are missing."""
        return self._norms.last

    @property
    def broken_steps(self) -> int:
        """How many of the last steps, in a row, had a non-finite loss or gradient."""
        return self._faults.streak

    @property
    def is_broken(self) -> bool:
        """Whether a step was not finite, other than one that a GradScaler left out and the run went on."""
        return self._faults.is_broken

    @property
    def last_step(self) -> tuple[float, float]:
        """Loss and global gradient norm of the last step."""
        return self._log.last
