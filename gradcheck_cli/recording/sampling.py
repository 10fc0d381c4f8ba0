"""Which optimizer steps get the costly measurements; it looks at the plan alone, never at a clock.

Equal seeds must give equal reports, so nothing that varies between two runs may choose a step.
"""

from __future__ import annotations

import math

STEPS_PER_GRID_POINT = 64
FEWEST_GRID_POINTS = 12
MOST_GRID_POINTS = 256
MOST_EPOCH_ENDS = 12


def choose_steps(planned_steps: int, steps_per_epoch: int) -> frozenset[int]:
    """The steps to sample: 0, 1, 2, 4, 8, ... up to an even grid, which runs to the end.

    A sampled step costs two to five ordinary ones. The grid has about a point each 64 steps, which keeps that below a
    tenth of a long run of small steps, but about 12 points at least: rules look at a tenth, the half and the end of a
    short run too. Grid points are ends of epochs, or divide each epoch evenly where epochs are few. The end of an
    epoch is its last step but one: the last one may have few rows.

    Args:
        planned_steps: Optimizer steps of the whole run.
        steps_per_epoch: Optimizer steps of one epoch.

    Returns:
        Steps, from 0; at most 420 however long the run.
    """
    if planned_steps <= FEWEST_GRID_POINTS:
        return frozenset(range(planned_steps))
    points = min(max(planned_steps // STEPS_PER_GRID_POINT, FEWEST_GRID_POINTS), MOST_GRID_POINTS)
    epoch_steps = min(steps_per_epoch, planned_steps)
    epochs = math.ceil(planned_steps / epoch_steps)
    inside = [step - (epoch_steps > 1) for step in _spread(epoch_steps, max(round(points / epochs), 1))]
    grid = [epoch * epoch_steps + max(step, 0) for epoch in _spread(epochs, points) for step in inside]
    powers = [1 << power for power in range((planned_steps // points).bit_length())]
    return frozenset(step for step in (0, *powers, *grid) if step < planned_steps)


def choose_epoch_ends(planned_steps: int, steps_per_epoch: int) -> frozenset[int]:
    """The start and at most 12 epoch ends, by the number of steps done; the last of the plan is among them."""
    epochs = math.ceil(planned_steps / max(steps_per_epoch, 1))
    ends = (min((epoch + 1) * steps_per_epoch, planned_steps) for epoch in _spread(epochs, MOST_EPOCH_ENDS))
    return frozenset((0, *ends))


def _spread(count: int, points: int) -> list[int]:
    """At most `points` of the numbers below `count`, evenly spread, the last one among them."""
    if count <= points:
        return list(range(count))
    return [math.ceil(count * (point + 1) / points) - 1 for point in range(points)]
