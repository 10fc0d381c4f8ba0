"""Histories of recurrent networks whose gradient through time is given; nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck_cli.recording.history import Floats, History, ThroughTime
from tests.histories import EPOCHS, STEPS_PER_EPOCH, make_description, make_history, make_layers

LENGTH = 20
STEPS = np.arange(0, (EPOCHS + 1) * STEPS_PER_EPOCH, STEPS_PER_EPOCH)


def slope(ratio: float, *, reverse: bool = False, length: int = LENGTH) -> Floats:
    """Norms that change evenly (in their logarithm) from the near end to `ratio` times as much at the far end, `[T]`.

    An end is the mean over a tenth of the time steps, so that the ratio of both ends holds exactly.
    """
    width = max(1, round(0.1 * length))
    distance = np.clip((np.arange(length)[::-1] - (width - 1)) / (length - 2 * width + 1), 0, 1)
    norms = ratio ** np.where(
        np.arange(length) < width, 1.0, np.where(np.arange(length) >= length - width, 0, distance)
    )
    return np.array(norms[::-1] if reverse else norms)


def recurrent(
    ratios: Mapping[str, ArrayLike],
    *,
    types: Sequence[str] = ("GRU", "LastStep", "Linear"),
    **fields: Any,
) -> History:
    """A healthy run but for its memory: by layer (and direction) the ratio at the start and at each epoch end."""
    taken = {}
    for name, given in ratios.items():
        values = np.broadcast_to(given, len(STEPS))
        norms = np.array([slope(float(value), reverse=name.endswith(":reverse")) for value in values])
        taken[name] = ThroughTime(STEPS, norms)
    return make_history(make_description(make_layers(*types)), through_time=taken, **fields)
