"""Which suggestions each fault of weights and activations gets, best first; they are built elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcheck_cli.rules.base import Fix
from gradcheck_cli.rules.fixes.activation import (
    main_activation,
    replace_flat,
    replace_rectifiers,
    replace_saturating,
)
from gradcheck_cli.rules.fixes.initialization import (
    draw_orthogonally,
    has_written_initialization,
    initialize_to_match,
)
from gradcheck_cli.rules.fixes.learning_rate import BOLD, learning_rate, lower_rate_by, take_usual_rate, usual_rate
from gradcheck_cli.rules.fixes.normalization import normalize_layers, standardize_inputs
from gradcheck_cli.rules.fixes.residual import add_residual_paths
from gradcheck_cli.rules.fixes.suggestion import collect
from gradcheck_cli.rules.fixes.written import written_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

Fixes = tuple[Fix, ...]


def revive_units(config: Config | None) -> Fixes:
    """Against units that died: weights and biases that kill them first, then steps that do, then the rest."""
    matched, usual = _matched(config), take_usual_rate(config)
    return collect(
        *_by_suspect(config, matched, usual),
        standardize_inputs(config),
        replace_rectifiers(config),
        normalize_layers(config),
        matched,
        lower_rate_by(config),
        lower_rate_by(config, 2),
    )


def desaturate(config: Config | None) -> Fixes:
    """Against activations that work where they are flat."""
    matched, usual = _matched(config), take_usual_rate(config)
    return collect(
        *_by_suspect(config, matched, usual),
        standardize_inputs(config),
        normalize_layers(config),
        replace_saturating(config, "ReLU"),
        matched,
        lower_rate_by(config),
        lower_rate_by(config, 2),
    )


def reinitialize(config: Config | None) -> Fixes:
    """Against weights that begin wrong."""
    return collect(
        _matched(config),
        normalize_layers(config),
        replace_saturating(config, "ReLU"),
        _orthogonal(config),
        add_residual_paths(config),
    )


def restore_gradient(config: Config | None) -> Fixes:
    """Against weights that no gradient reaches."""
    return collect(
        replace_flat(config),
        _matched(config),
        replace_rectifiers(config),
        normalize_layers(config),
        take_usual_rate(config),
    )


def _by_suspect(config: Config | None, matched: Fix | None, usual: Fix | None) -> tuple[Fix | None, ...]:
    """What the config itself does wrong: weights it writes, or a rate clearly above the usual one."""
    written = config is None or has_written_initialization(config) or _has_written_biases(config)
    return (matched if written else None, usual if config is None or _is_bold(config) else None)


def _is_bold(config: Config) -> bool:
    usual = usual_rate(config)
    return usual is not None and learning_rate(config) >= BOLD * usual


def _has_written_biases(config: Config) -> bool:
    biases = [config.model.bias_init, *(written.layer.bias_init for written in written_layers(config))]
    return any(entry is not None and entry.type != "zeros_" for entry in biases)


def _matched(config: Config | None) -> Fix | None:
    return initialize_to_match(config, main_activation(config) if config is not None else "")


def _orthogonal(config: Config | None) -> Fix | None:
    return draw_orthogonally(config, main_activation(config) if config is not None else "")
