"""The ways in which gradients or steps explode, looked for in a run; how much they matter is not decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import Floats, History, Quantity
from gradcheck_cli.rules.base import Evidence
from gradcheck_cli.rules.gradient_flow.profile import FlowProfile
from gradcheck_cli.rules.standing import FIRST_STEPS, loss_scale

WINDOW = 20
"""Steps before a leap whose loss is compared with that of the rest of the run."""
WORSE = 0.1
"""Rise of the loss that counts as worse, in units of the trivial loss."""
LOST = 2.0
"""Loss over the trivial loss from which on a run counts as thrown off."""


@dataclass(frozen=True)
class Explosion:
    """One explosion.

    Attributes:
        sentence: What happened, without a number.
        step: First optimizer step at which it shows.
        layers: Layers concerned, in forward order.
        clipped: Whether clipping scaled the gradients down at that step.
    """

    sentence: str
    step: int
    layers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    clipped: bool = False


def find_at_start(run: History, profile: FlowProfile | None, *, limit: float, loss_limit: float) -> Explosion | None:
    """A signal that grows by `limit` through depth at the first steps, with a loss `loss_limit` times the trivial one.

    Either the backward signal of the first point over that of the last, or the sensitivity of a point over the trivial
    loss.
    """
    if profile is None:
        return None
    start = profile.steps < FIRST_STEPS
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = profile.backward[:, start] / profile.backward[-1, start]
    loss = _largest(profile.loss[start])
    ratio, sensitivity = _largest(growth[0]), _largest(profile.sensitivity[:, start])
    if loss <= loss_limit or max(ratio, sensitivity) <= limit:
        return None
    grown = (growth > limit) | (profile.sensitivity[:, start] > limit)
    first = int(np.flatnonzero(grown.any(axis=0))[0]) if grown.any() else 0
    step = int(profile.steps[start][first])
    return Explosion(
        sentence="The signal explodes on its way through {layers}, from the first steps on.",
        step=step,
        layers=tuple(p.layer for p, large in zip(profile.points, grown.any(axis=1), strict=True) if large),
        evidence=(
            Evidence("sensitivity over the trivial loss, largest", sensitivity, limit, "ratio"),
            Evidence("backward signal, first over last layer", ratio, limit, "ratio"),
            Evidence("loss of the first steps over the trivial loss", loss, loss_limit, "ratio"),
        ),
        clipped=_is_clipped(run, step),
    )


def find_large_updates(run: History, *, limit: float, count: int, after: float) -> Explosion | None:
    """Updates larger than `limit` times the weights they change.

    Either at `count` sampled steps or more after the start, or once, when the rest of the run is lost from there on:
    its loss is above what came before and above `LOST` times the trivial loss.
    """
    signal = run.signals.get(Quantity.UPDATE_RATIO)
    matrices = {p.name: p.layer for p in run.description.parameters if len(p.shape) > 1}
    if signal is None:
        return None
    rows = [index for index, name in enumerate(signal.rows) if name in matrices]
    large = signal.known[rows] & (signal.values[rows] > limit)
    late = large & (signal.steps >= max(FIRST_STEPS, after * run.judged_length))
    ruinous = large & np.array([_loses_run(run, int(step)) for step in signal.steps], dtype=np.bool_)
    counted = late if (late.sum(axis=1) >= count).any() else ruinous
    if not counted.any():
        return None
    owners = [matrices[signal.rows[row]] for row in rows]
    return Explosion(
        sentence="Single steps change the weights of {layers} by more than their own size.",
        step=int(signal.steps[counted.any(axis=0)][0]),
        layers=_unique([owners[row] for row in np.flatnonzero(counted.any(axis=1))]),
        evidence=(
            Evidence("largest update over the weight", float(signal.values[rows][counted].max()), limit, "ratio"),
            Evidence("sampled steps with such an update", int(counted.any(axis=0).sum()), count, "steps"),
        ),
    )


def find_spike(run: History, *, limit: float, clipped: bool) -> Explosion | None:
    """A gradient norm more than `limit` times the median of the run, after which the loss is worse than before.

    Args:
        clipped: Judge the norm that the optimizer got; otherwise the norm before clipping.
    """
    if run.steps is None or len(run.steps.loss) < 2:
        return None
    norms = run.steps.gradient_norm * (run.steps.clip_factor if clipped else 1.0)
    finite = norms[np.isfinite(norms) & (norms > 0)]
    if finite.size == 0:
        return None
    median = float(np.median(finite))
    for step in np.flatnonzero(norms > limit * median):
        if _is_loss_worse_after(run, int(step)):
            return Explosion(
                sentence="The gradient leaps far above its usual size at {layers}, and the loss is worse afterwards.",
                step=int(step),
                layers=_largest_gradient(run, int(step)),
                evidence=(Evidence("gradient norm over its median", float(norms[step]) / median, limit, "ratio"),),
                clipped=_is_clipped(run, int(step)),
            )
    return None


def _is_loss_worse_after(run: History, step: int) -> bool:
    """Whether the rest of the run lies clearly above what came before the step, or is not finite at its end."""
    if run.steps is None:
        return False
    before, after = run.steps.loss[max(0, step - WINDOW) : step + 1], run.steps.loss[step + 1 :]
    if after.size == 0:
        return False
    if np.isnan(run.steps.loss).all():
        # The loop did not tell it: a NaN loss is seen as `non_finite`.
        return False
    rise = float(np.median(after)) - float(np.median(before))
    return not bool(np.isfinite(after[-1])) or rise > WORSE * loss_scale(run)


def _loses_run(run: History, step: int) -> bool:
    """Whether the rest of the run, after a step, lies above what came before and far above the trivial loss."""
    if run.steps is None or len(run.steps.loss) <= step + 1:
        return False
    after = float(np.median(run.steps.loss[step + 1 :]))
    return not after <= LOST * loss_scale(run) and _is_loss_worse_after(run, step)


def _largest_gradient(run: History, step: int) -> tuple[str, ...]:
    """The layer with the largest gradient at a step; empty where that was not recorded."""
    signal = run.signals.get(Quantity.GRADIENT_NORM)
    if signal is None or step not in signal.steps:
        return ()
    column = signal.column(int(np.flatnonzero(signal.steps == step)[0]))
    if np.isnan(column).all():
        return ()
    name = signal.rows[int(np.nanargmax(column))]
    return tuple(p.layer for p in run.description.parameters if p.name == name)


def _is_clipped(run: History, step: int) -> bool:
    return run.steps is not None and step < len(run.steps.clip_factor) and bool(run.steps.clip_factor[step] < 1)


def _largest(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else 0.0


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
