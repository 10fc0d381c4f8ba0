"""Which optimizer steps get the costly measurements; it looks at the plan alone, never at a clock.

Equal seeds must give equal reports, so nothing that varies between two runs may choose a step.
"""

from __future__ import annotations

import math

STEPS_PER_GRID_POINT = 64
FEWEST_GRID_POINTS = 16
MOST_GRID_POINTS = 256
MOST_EPOCH_ENDS = 16


def choose_steps(planned_steps: int, steps_per_epoch: int) -> frozenset[int]:
    """The steps to sample: 0, 1, 2, 4, 8, ..., an even grid to the last step, and some last steps of epochs.

    A sampled step costs two to four ordinary ones. The grid has a point each 64 steps, which keeps that near 5 % of a
    long run, but at least 16 points: rules look at a tenth, the half and the end of a short run too.

    Args:
        planned_steps: Optimizer steps of the whole run.
        steps_per_epoch: Optimizer steps of one epoch.

    Returns:
        Steps, from 0; at most about 290 however long the run.
    """
    if planned_steps <= 0:
        return frozenset()
    chosen = {0, planned_steps - 1}
    chosen.update(1 << power for power in range(planned_steps.bit_length()))
    points = min(max(planned_steps // STEPS_PER_GRID_POINT, FEWEST_GRID_POINTS), MOST_GRID_POINTS)
    chosen.update(_spread(planned_steps, points))
    epochs = planned_steps // max(steps_per_epoch, 1)
    chosen.update((epoch + 1) * steps_per_epoch - 1 for epoch in _spread(epochs, MOST_EPOCH_ENDS))
    return frozenset(step for step in chosen if 0 <= step < planned_steps)


def _spread(count: int, points: int) -> list[int]:
    """At most `points` of the numbers below `count`, evenly spread, the last one among them."""
    if count <= points:
        return list(range(count))
    return [math.ceil(count * (point + 1) / points) - 1 for point in range(points)]
