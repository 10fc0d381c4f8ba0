"""How strongly recurrent layers feel the far end of their sequences against the near one; it judges nothing."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.recording.history import Bools, Floats, History, Ints, ThroughTime

REVERSE = ":reverse"
"""Behind a layer's name in `History.through_time`: its backward direction."""
END = 0.1
"""Share of the time steps that count as one end of a sequence."""


@dataclass(frozen=True)
class Memory:
    """One direction of one recurrent layer.

    Attributes:
        layer: Its name.
        length: Time steps of its input.
        steps: Optimizer steps done when it was measured, `[K]`.
        ratio: Gradient of the last state by the inputs of the far end over that of the near end, `[K]`; NaN where it
            was not finite or both are 0. For the backward direction the far end is that of the last time steps.
    """

    layer: str
    is_reverse: bool
    length: int
    steps: Ints
    ratio: Floats

    @property
    def label(self) -> str:
        """The layer, and the direction where it is the backward one."""
        return f"{self.layer} (backward in time)" if self.is_reverse else self.layer

    def late(self, run: History, after: float) -> Bools:
        """Which of its measurements count: known, and not before that share of the planned steps, `[K]`."""
        begin = after * (run.description.planned_steps or run.steps_done)
        return (self.steps >= begin) & ~np.isnan(self.ratio)


def read_memories(run: History) -> tuple[Memory, ...]:
    """Of all recurrent layers whose sequences have two time steps or more, in forward order."""
    return tuple(_read(name, taken) for name, taken in run.through_time.items() if taken.norms.shape[1] > 1)


def has_recurrence(run: History) -> bool:
    """Whether the network has a recurrent layer."""
    return any(layer.kind is LayerKind.RECURRENT for layer in run.description.layers)


def has_other_way(run: History) -> bool:
    """Whether attention carries what happened from any time step to any other, past the recurrence."""
    return any(layer.kind is LayerKind.ATTENTION for layer in run.description.layers)


def _read(name: str, taken: ThroughTime) -> Memory:
    width = max(1, round(END * taken.norms.shape[1]))
    is_reverse = name.endswith(REVERSE)
    early, late = _typical(taken.norms[:, :width]), _typical(taken.norms[:, -width:])
    far, near = (late, early) if is_reverse else (early, late)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(np.isfinite(far) & np.isfinite(near), far / near, np.nan)
    return Memory(name.removesuffix(REVERSE), is_reverse, taken.norms.shape[1], taken.steps, ratio)


def _typical(norms: Floats) -> Floats:
    """Root mean square over time steps, `[K, T] -> [K]`, safe against squares that leave the range."""
    largest = norms.max(axis=1)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    with np.errstate(invalid="ignore", over="ignore"):
        found: Floats = scale * np.sqrt(np.square(norms / scale[:, None]).mean(axis=1))
    return found
