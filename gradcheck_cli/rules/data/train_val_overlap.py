"""GC605: rows that are in training and in validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.data_profile import Overlap
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity, threshold
from gradcheck_cli.rules.fixes.data import split_anew
from gradcheck_cli.rules.fixes.suggestion import advise, collect

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

MANY_FEATURES = 10


@dataclass(frozen=True)
class TrainValOverlap(Rule):
    """Overlap of training and validation rows.

    ## What it detects
    Validation rows whose inputs are those of a training row.

    ## Why it matters
    On such rows a network that remembers is as good as one that has understood. The validation metric is too good,
    overfitting is not seen, and no other rule can notice.

    ## How it decides
    Rows are compared value by value. It fires where the share of validation rows that are in training is above a limit,
    and more than a few times the share that duplicates inside the training rows would give by chance; only where rows
    have many features or a continuous one, since others coincide anyway. As the metric itself hides it, it stays a
    warning where the run ends well; it explains no bad end.

    ## Fixes and their safety
    Split one file by `val_fraction` in place of a second file (unsafe: it changes which rows train and which validate).
    Take duplicates out before splitting (advice).

    ## When to ignore it
    When the data are counts of few possible rows, and the same rows will come again in use.

    ## References
    Kaufman et al. 2012, "Leakage in data mining"; Barz and Denzler 2020, "Do we train on test data?".
    """

    code: ClassVar[str] = "GC605"
    name: ClassVar[str] = "train-val-overlap"
    summary: ClassVar[str] = "Validation rows are also in training."
    family: ClassVar[Family] = Family.DATA
    needs: ClassVar[frozenset[Need]] = frozenset({Need.DATA, Need.VALIDATION})
    aliases: ClassVar[tuple[str, ...]] = ("DataLeakage", "TrainTestSamplesMix")
    hidden_by_metric: ClassVar[bool] = True

    max_share: float = threshold(
        0.05,
        unit="share of the validation rows",
        help="that are training rows too",
        source="convention; healthy runs in the corpus at most 0.01, the broken one 0.75",
    )
    max_times_chance: float = threshold(
        3.0, unit="ratio", help="of that share over what duplicates inside training predict", source="convention"
    )
    min_rows: float = threshold(
        5, unit="validation rows", help="that must be shared; a few may be chance", source="convention"
    )

    def check(self, run: History) -> Iterator[Finding]:
        overlap = run.data_profile.overlap if run.data_profile is not None else None
        if overlap is None or not (overlap.continuous or overlap.features >= MANY_FEATURES):
            return
        share = overlap.shared / max(overlap.rows, 1)
        if (
            overlap.shared >= self.min_rows
            and share > self.max_share
            and share > self.max_times_chance * overlap.expected_share
        ):
            yield self._finding(overlap, share)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        reason = "A row that is not there twice cannot be on both sides."
        return collect(split_anew(config), advise("Take duplicate rows out before splitting", reason=reason))

    def _finding(self, overlap: Overlap, share: float) -> Finding:
        return Finding(
            rule=self.code,
            name=self.name,
            message="Validation rows are also training rows."
            f" {overlap.shared} of {overlap.rows} are ({share:.0%}, limit {self.max_share:.0%});"
            f" duplicates inside training would explain {overlap.expected_share:.0%}.",
            why="On these rows remembering is as good as understanding. The validation metric is too good to be true.",
            path="data",
            evidence=(
                Evidence("validation rows in training", share, self.max_share, "share"),
                Evidence("share of duplicates inside training", overlap.expected_share, share, "share"),
            ),
            ceiling=Severity.WARNING,
            effects=(),
        )
