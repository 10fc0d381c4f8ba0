"""Which suggestions each fault of the optimizer's steps gets, best first; they are built elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcheck_cli.rules.base import Fix
from gradcheck_cli.rules.fixes.batches import enlarge_batch
from gradcheck_cli.rules.fixes.clipping import clip_gradients
from gradcheck_cli.rules.fixes.learning_rate import (
    decay_rate,
    drop_schedule,
    lower_rate_by,
    raise_rate,
    take_usual_rate,
    use_adam,
    warm_up,
)
from gradcheck_cli.rules.fixes.suggestion import collect

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

Fixes = tuple[Fix, ...]


def scale_steps(config: Config | None, *, larger: bool) -> Fixes:
    """For steps of the wrong size.

    Args:
        larger: Whether they are too small.
    """
    moves = (raise_rate(config), raise_rate(config, 2)) if larger else (lower_rate_by(config), lower_rate_by(config, 2))
    return collect(
        take_usual_rate(config),
        drop_schedule(config) if larger else None,
        *moves,
        use_adam(config),
        None if larger else clip_gradients(config),
    )


def lower_far_rate(config: Config | None) -> Fixes:
    """For a learning rate far above the usual ones."""
    return collect(
        take_usual_rate(config),
        enlarge_batch(config),
        use_adam(config),
        lower_rate_by(config),
        lower_rate_by(config, 2),
        warm_up(config),
    )


def raise_far_rate(config: Config | None, *, is_scheduled: bool) -> Fixes:
    """For a learning rate far below the usual ones.

    Args:
        is_scheduled: Whether it is the schedule that takes it there.
    """
    return collect(
        drop_schedule(config) if is_scheduled else None,
        take_usual_rate(config),
        drop_schedule(config),
        use_adam(config),
        raise_rate(config),
        raise_rate(config, 2),
    )


def calm_swings(config: Config | None) -> Fixes:
    """Against a loss that swings: smaller steps, steps that shrink, steps with less noise."""
    return collect(
        lower_rate_by(config),
        decay_rate(config),
        enlarge_batch(config),
        lower_rate_by(config, 2),
        clip_gradients(config),
    )
