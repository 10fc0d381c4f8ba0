"""Suggestions that bound the size of a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.suggestion import Edits, remove, set_to, suggest

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

USUAL_NORM = 1.0


def clip_gradients(config: Config | None) -> Fix | None:
    """Clip the norm of the gradient, or clip it lower."""
    return suggest(
        config,
        "Clip the gradient norm",
        safety=Safety.SAFE,
        reason="No single batch can then throw the weights far away.",
        edits=_clip_edits,
    )


def _clip_edits(config: Config) -> Edits:
    norm = config.trainer.clip_grad_norm
    bound = USUAL_NORM if norm is None or norm > USUAL_NORM else float(f"{norm / 10:.2g}")
    edits = (set_to("trainer.clip_grad_norm", bound),)
    return (*edits, remove("trainer.clip_grad_value")) if config.trainer.clip_grad_value is not None else edits
