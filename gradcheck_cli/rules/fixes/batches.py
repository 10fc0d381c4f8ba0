"""Suggestions on the size of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.suggestion import set_to, suggest

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

USUAL_BATCH = 32


def enlarge_batch(config: Config | None) -> Fix | None:
    """A usual batch size for a config that has a smaller one."""
    return suggest(
        config,
        "Take larger batches",
        safety=Safety.SAFE,
        reason="The mean over more rows is a steadier guide than that over a few.",
        edits=lambda c: (set_to("trainer.batch_size", USUAL_BATCH),) if c.trainer.batch_size < USUAL_BATCH else (),
    )
