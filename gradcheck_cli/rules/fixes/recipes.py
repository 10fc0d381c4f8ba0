"""Which suggestions each kind of fault gets, best first; the suggestions themselves are built elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcheck_cli.rules.base import Fix
from gradcheck_cli.rules.fixes.activation import (
    main_activation,
    replace_rectifiers,
    replace_saturating,
    replace_unbounded,
)
from gradcheck_cli.rules.fixes.clipping import clip_gradients, loosen_clipping
from gradcheck_cli.rules.fixes.initialization import (
    draw_orthogonally,
    has_written_initialization,
    initialize_to_match,
)
from gradcheck_cli.rules.fixes.learning_rate import (
    add_momentum,
    decay_rate,
    drop_schedule,
    is_rate_high,
    is_rate_low,
    lower_rate_by,
    minimize_loss,
    raise_rate,
    take_usual_rate,
    train_longer,
    use_adam,
    warm_up,
)
from gradcheck_cli.rules.fixes.normalization import (
    normalize_layers,
    standardize_inputs,
    standardize_targets,
)
from gradcheck_cli.rules.fixes.regularization import (
    add_hidden_layer,
    collect_data,
    decay_weights,
    drop_units,
    narrow_layers,
    penalize_l1,
    relax_decay,
    relax_dropout,
    relax_l1,
    stop_early,
    widen_bottlenecks,
    widen_layers,
)
from gradcheck_cli.rules.fixes.residual import add_residual_paths
from gradcheck_cli.rules.fixes.suggestion import collect

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

Fixes = tuple[Fix, ...]


def strengthen_signal(config: Config | None) -> Fixes:
    """Against a gradient that fades out: the fault of the config first, then the general cures."""
    initialization = initialize_to_match(config, _activation(config))
    saturating = (replace_saturating(config, "ReLU"), normalize_layers(config), initialization)
    return collect(
        relax_decay(config) if config is not None else None,
        *((initialization, *saturating) if _starts_badly(config) else saturating),
        take_usual_rate(config) if config is None or is_rate_high(config) else None,
        add_residual_paths(config),
        replace_saturating(config, "LeakyReLU"),
        replace_saturating(config, "GELU"),
        replace_saturating(config, "SELU"),
        draw_orthogonally(config, _activation(config)),
    )


def calm_explosion(config: Config | None, *, from_the_start: bool) -> Fixes:
    """Against gradients that explode: faults of the config first, then weights or steps, as the case may be."""
    scale = (initialize_to_match(config, _activation(config)), normalize_layers(config))
    steps = (lower_rate_by(config), lower_rate_by(config, 2), clip_gradients(config), warm_up(config))
    return collect(
        replace_unbounded(config),
        *(scale if _starts_badly(config) else ()),
        standardize_targets(config),
        standardize_inputs(config),
        take_usual_rate(config) if config is None or is_rate_high(config) else None,
        *((*scale, *steps) if from_the_start else (*steps, *scale)),
    )


def keep_finite(config: Config | None, *, early: bool) -> Fixes:
    """Against NaN and Inf: at the first step the weights, later the steps."""
    return calm_explosion(config, from_the_start=early)


def lower_rate(config: Config | None) -> Fixes:
    """Against a loss that grows."""
    return collect(
        minimize_loss(config) if config else None,
        lower_rate_by(config),
        lower_rate_by(config, 2),
        standardize_targets(config),
        standardize_inputs(config),
        clip_gradients(config),
        use_adam(config),
    )


def search_rate(config: Config | None) -> Fixes:
    """Against a loss that does not move: in the direction in which the rate is unusual, or both."""
    too_high = config is not None and is_rate_high(config)
    moves = (lower_rate_by(config), raise_rate(config)) if too_high else (raise_rate(config), lower_rate_by(config))
    return collect(
        minimize_loss(config) if config else None,
        loosen_clipping(config) if config else None,
        relax_decay(config),
        relax_dropout(config),
        take_usual_rate(config),
        add_hidden_layer(config),
        drop_schedule(config),
        use_adam(config),
        *moves,
        add_momentum(config),
        standardize_inputs(config),
        standardize_targets(config),
    )


def speed_up(config: Config | None) -> Fixes:
    """For a run that was still learning."""
    low = config is None or is_rate_low(config)
    return collect(
        take_usual_rate(config) if low else None,
        raise_rate(config),
        use_adam(config),
        add_momentum(config),
        standardize_targets(config),
        standardize_inputs(config),
        drop_schedule(config),
        decay_rate(config),
        train_longer(config),
    )


def add_capacity(config: Config | None) -> Fixes:
    """For a network that cannot hold what the data say: what holds it back first, then more of it."""
    return collect(
        relax_decay(config),
        relax_l1(config),
        relax_dropout(config),
        widen_bottlenecks(config),
        add_hidden_layer(config),
        drop_schedule(config),
        take_usual_rate(config),
        use_adam(config),
        decay_rate(config),
        lower_rate_by(config),
        widen_layers(config),
        normalize_layers(config),
        replace_rectifiers(config),
        train_longer(config),
    )


def generalize(config: Config | None, *, stopping_is_enough: bool) -> Fixes:
    """Against learning by heart: stopping in time where that alone would have kept a good network."""
    stop, strong = stop_early(config), (drop_units(config), penalize_l1(config))
    return collect(
        *((stop, decay_weights(config), *strong) if stopping_is_enough else (*strong, decay_weights(config), stop)),
        narrow_layers(config),
        lower_rate_by(config),
        decay_rate(config),
        collect_data(),
    )


def _starts_badly(config: Config | None) -> bool:
    """Whether the initialisation in the config is the first suspect: deep saturating nets fail under any."""
    return config is not None and has_written_initialization(config)


def _activation(config: Config | None) -> str:
    return main_activation(config) if config is not None else ""
