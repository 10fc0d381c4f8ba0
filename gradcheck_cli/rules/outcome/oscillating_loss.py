"""GC303: the training loss swings up and down instead of settling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.step_recipes import calm_swings
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

MIN_EPOCHS = 6
START = 0.25
"""Share of the epochs that is left to the first descent."""


@dataclass(frozen=True)
class _Swings:
    """How the training loss moved, in units of the trivial loss.

    Attributes:
        size: Median distance of an epoch's loss to the mean of its two neighbours'.
        progress: Median of the first third of the judged epochs less that of the last.
    """

    size: float
    progress: float


@dataclass(frozen=True)
class OscillatingLoss(Rule):
    """Oscillating loss.

    ## What it detects
    A training loss that jumps up and down from epoch to epoch, far, and by more than it falls or rises on the whole.

    ## Why it matters
    The steps leap over the valley that they should settle in.

    ## How it decides
    The run is harmed. On the loss of the training slice in evaluation mode, so that neither batches nor dropout swing
    it, and without the first quarter of the epochs: the distance of each epoch to the mean of its two neighbours, which
    a steady descent leaves at 0. Its median lies above the limit, in units of the trivial loss, and above a share of
    the way that the loss has gone, down or up, over these epochs: one that climbs steeply diverges, and swings little.

    ## Fixes and their safety
    A lower or decaying learning rate, larger batches, clipping of the gradient norm (safe).

    ## When to ignore it
    When a schedule with warm restarts makes the loss jump on purpose.

    ## References
    Smith 2017, "Cyclical learning rates for training neural networks".
    """

    code: ClassVar[str] = "GC303"
    name: ClassVar[str] = "oscillating-loss"
    summary: ClassVar[str] = "The training loss swings up and down instead of settling."
    family: ClassVar[Family] = Family.OUTCOME
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.EPOCHS, Need.OUTCOME})
    aliases: ClassVar[tuple[str, ...]] = ("OscillatingLoss",)
    only_with_harm: ClassVar[bool] = True

    max_swing: float = threshold(
        0.1,
        unit="fraction of the trivial loss",
        help="median swing of the training loss from epoch to epoch",
        source="calibrated on the corpus: at most 0.02 on healthy runs, 0.27 and more where the rate makes it swing",
    )
    min_share: float = threshold(
        0.25,
        unit="ratio",
        help="swing over the distance of the loss from the first to the last third of the judged epochs",
        source="calibrated on the corpus: at most 0.04 on healthy runs with large swings, 0.5 and more on broken ones",
    )

    def check(self, run: History) -> Iterator[Finding]:
        swings = _measure(run)
        if swings is None or not swings.size > self.max_swing or not swings.size > self.min_share * swings.progress:
            return
        yield Finding(
            rule=self.code,
            name=self.name,
            message=(
                "The training loss swings up and down instead of settling. From epoch to epoch it moves by"
                f" {show_number(swings.size)} of the trivial loss (limit {show_number(self.max_swing)})."
            ),
            why="The steps leap over the valley that they should settle in.",
            evidence=(
                Evidence("swing from epoch to epoch", swings.size, self.max_swing, "trivial loss"),
                Evidence("distance over the same epochs", swings.progress, None, "trivial loss"),
            ),
        )

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return calm_swings(config)


def _measure(run: History) -> _Swings | None:
    if run.epochs is None or run.outcome is None or not run.outcome.trivial_train_loss > 0:
        return None
    start = int(len(run.epochs) * START)
    losses = run.epochs.slice_loss[start:] / run.outcome.trivial_train_loss
    if len(losses) < MIN_EPOCHS or not np.isfinite(losses).all():
        return None
    third = len(losses) // 3
    return _Swings(
        size=float(np.median(np.abs(losses[1:-1] - (losses[:-2] + losses[2:]) / 2))),
        progress=abs(float(np.median(losses[:third]) - np.median(losses[-third:]))),
    )
