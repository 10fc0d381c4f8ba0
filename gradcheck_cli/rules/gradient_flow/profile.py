"""The backward signal and the sensitivity along depth, ready to be judged; it holds no limit."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import Floats, History, Ints, Quantity
from gradcheck_cli.rules.gradient_flow.signal_points import SignalPoint, signal_points
from gradcheck_cli.rules.standing import loss_scale


@dataclass(frozen=True)
class FlowProfile:
    """Signals at the points of one run; NaN where unknown.

    Attributes:
        points: In forward order, `L` of them.
        steps: Sampled optimizer steps, `[S]`.
        backward: Backward signal, `[L, S]`.
        sensitivity: Sensitivity over the trivial loss (see `loss_scale`), `[L, S]`.
        loss: Training loss of the step over the trivial loss, `[S]`.
        is_sequence: Whether all that passes through the network passes through each point. In somebody's own module
            any of them may be a side branch, which carries little in a healthy network too.
    """

    points: tuple[SignalPoint, ...]
    steps: Ints
    backward: Floats
    sensitivity: Floats
    loss: Floats
    is_sequence: bool = True

    @property
    def weakest_sensitivity(self) -> Floats:
        """The smallest sensitivity over the points in units of the loss still to be removed, `[S]`.

        A solved task has a small loss and small gradients alike, so this quotient does not shrink with success. Where
        points may be side branches, only the last one is asked.
        """
        asked = self.sensitivity if self.is_sequence else self.sensitivity[-1:]
        unknown = np.isnan(asked)
        weakest = np.where(unknown, np.inf, asked).min(axis=0)
        scale = np.fmin(self.loss, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(unknown.all(axis=0) | ~(scale > 0), np.nan, weakest / scale)

    @property
    def first_over_last(self) -> Floats:
        """Backward signal of the first point over that of the last, `[S]`; NaN where either is unknown or 0 / 0.

        Where the first point may be a side branch, the strongest of the first third of the points stands for it.
        """
        first = self.backward[0]
        if not self.is_sequence:
            early = self.backward[: max(len(self.backward) // 3, 1)]
            first = np.where(np.isnan(early).all(axis=0), np.nan, np.where(np.isnan(early), -np.inf, early).max(axis=0))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(first / self.backward[-1])


def read_profile(run: History) -> FlowProfile | None:
    """The profile of a run; None where fewer than two points were measured or the loss scale is not known."""
    backward, sensitivity = run.signals.get(Quantity.BACKWARD_SIGNAL), run.signals.get(Quantity.SENSITIVITY)
    if backward is None or sensitivity is None or run.steps is None:
        return None
    points = tuple(p for p in signal_points(run.description) if backward.row(p.measured_at).size)
    trivial = loss_scale(run)
    if len(points) < 2 or not trivial > 0:
        return None
    steps = backward.steps
    loss = [run.steps.loss[step] if step < len(run.steps.loss) else np.nan for step in steps.tolist()]
    return FlowProfile(
        points=points,
        steps=steps,
        backward=_rows(run, Quantity.BACKWARD_SIGNAL, points, steps),
        sensitivity=_rows(run, Quantity.SENSITIVITY, points, steps) / trivial,
        loss=np.array(loss) / trivial,
        is_sequence=run.description.is_sequence,
    )


def _rows(run: History, quantity: Quantity, points: tuple[SignalPoint, ...], steps: Ints) -> Floats:
    """Rows of a signal at the points, `[L, S]`, put on the given steps."""
    signal = run.signals[quantity]
    column = {step: index for index, step in enumerate(signal.steps.tolist())}
    values = np.full((len(points), len(steps)), np.nan)
    for row, point in enumerate(points):
        if point.measured_at not in signal.rows:
            continue
        source = signal.rows.index(point.measured_at)
        for index, step in enumerate(steps.tolist()):
            if step in column and signal.known[source, column[step]]:
                values[row, index] = signal.values[source, column[step]]
    return values
