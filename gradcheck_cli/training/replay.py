"""Takes the steps up to a run's first NaN or Inf again to find its producer; the run's weights are lost thereby."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gradcheck_cli.recording.history import NonFinite
from gradcheck_cli.recording.origin import OriginTracer
from gradcheck_cli.training.snapshot import LastSnapshots
from gradcheck_cli.training.stepping import Stepper

_STEPS_BEYOND = 4
"""A norm may overflow in fp32 a few steps before the first value does."""
_QUANTITIES = {"forward": "activation", "backward": "gradient", "update": "parameter"}


@dataclass(frozen=True, eq=False)
class Replay:
    """What is needed to go back and take steps again.

    Attributes:
        snapshots: Of the run that is over.
        tracer: Looks at the steps.
        make_stepper: A stepper that tells the tracer what the run's own told the recorder.
    """

    snapshots: LastSnapshots
    tracer: OriginTracer
    make_stepper: Callable[[OriginTracer], Stepper]

    def explain(self, fault: NonFinite) -> NonFinite:
        """The fault with its producer, direction and rows; unchanged where they cannot be found again.

        The step before the fault is traced too: what a step finds not finite, the update before it may have made.
        """
        start = self.snapshots.restore_before(fault.step)
        if start is None:
            return fault
        try:
            self._take_steps(start.step, traced_from=fault.step - 1, last=fault.step + _STEPS_BEYOND)
        finally:
            self.tracer.close()
        found = self.tracer.origin
        if found is None:
            return fault
        quantity = "loss" if found.producer == "loss" and found.direction == "forward" else _QUANTITIES[found.direction]
        return replace(
            fault,
            step=found.step,
            quantity=quantity,
            origin=found.producer,
            direction=found.direction.value,
            rows=found.rows,
            value=found.value,
        )

    def _take_steps(self, first: int, *, traced_from: int, last: int) -> None:
        stepper, tracer, step = self.make_stepper(self.tracer), self.tracer, first
        tracer.start(first)
        while step <= last:
            for inputs, targets in self.snapshots.state.batches.epoch():
                tracer.is_tracing = step >= traced_from
                tracer.see_targets(targets)
                stepper.take(inputs, targets)
                step += 1
                if step > last or tracer.origin is not None:
                    return
            # A schedule that waits for validation losses keeps its rate here: only the step across counts.
            self.snapshots.state.schedule.after_epoch(None)
