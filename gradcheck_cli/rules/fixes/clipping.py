"""Suggestions that bound the size of a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.suggestion import Edits, remove, set_to, suggest

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

USUAL_NORM = 1.0
TIGHT = 1e-2
"""A bound below this, on the norm or on each value, leaves an ordinary gradient next to nothing."""


def clip_gradients(config: Config | None) -> Fix | None:
    """Clip the norm of the gradient, or clip it lower."""
    return suggest(
        config,
        "Clip the gradient norm",
        safety=Safety.SAFE,
        reason="No single batch can then throw the weights far away.",
        edits=_clip_edits,
    )


def loosen_clipping(config: Config | None) -> Fix | None:
    """A usual bound on the norm in place of a tight one."""
    return suggest(
        config,
        "Clip the gradients less",
        safety=Safety.SAFE,
        reason="The bound in the config is so low that next to nothing is left of an ordinary gradient.",
        edits=_loosen_edits,
    )


def _loosen_edits(config: Config) -> Edits:
    norm, value = config.trainer.clip_grad_norm, config.trainer.clip_grad_value
    if norm is not None and norm < TIGHT:
        return (set_to("trainer.clip_grad_norm", USUAL_NORM),)
    if value is not None and value < TIGHT:
        return (remove("trainer.clip_grad_value"), set_to("trainer.clip_grad_norm", USUAL_NORM))
    return ()


def _clip_edits(config: Config) -> Edits:
    norm = config.trainer.clip_grad_norm
    bound = USUAL_NORM if norm is None or norm > USUAL_NORM else float(f"{norm / 10:.2g}")
    edits = (set_to("trainer.clip_grad_norm", bound),)
    return (*edits, remove("trainer.clip_grad_value")) if config.trainer.clip_grad_value is not None else edits
