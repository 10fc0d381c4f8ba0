"""GC509: batch normalisation over a handful of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.batches import enlarge_batch
from gradcheck_cli.rules.fixes.normalization import normalize_by_row
from gradcheck_cli.rules.fixes.suggestion import collect
from gradcheck_cli.rules.wording import join_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class BatchNormTinyBatch(Rule):
    """Batch normalisation with tiny batches.

    ## What it detects
    Batch normalisation in a run whose batches hold only a few rows.

    ## Why it matters
    Mean and variance over a few rows are mostly noise, which every activation then carries. At evaluation the running
    averages take their place, so that the network is judged in another state than it was trained in.

    ## How it decides
    From the config: `trainer.batch_size` (or all training rows, where those are fewer) below `min_rows`. Accumulating
    gradients does not help, since statistics are taken over each batch. (Corpus: healthy networks 16 rows or more, the
    broken one 2.)

    ## Fixes and their safety
    Larger batches (safe), or a normalisation over each row: LayerNorm, GroupNorm (unsafe: another network).

    ## When to ignore it
    When memory allows no more and the run ends well.

    ## References
    Wu and He 2018, "Group normalization", arXiv:1803.08494, figure 1: the error grows from 8 rows a batch downwards.
    """

    code: ClassVar[str] = "GC509"
    name: ClassVar[str] = "batch-norm-tiny-batch"
    summary: ClassVar[str] = "Batch normalisation over a handful of rows."
    family: ClassVar[Family] = Family.ACTIVATION
    needs: ClassVar[frozenset[Need]] = frozenset()

    min_rows: float = threshold(
        8,
        unit="rows",
        help="Batches of fewer rows are tiny.",
        source="Wu and He 2018, arXiv:1803.08494",
    )

    def skip_reason(self, run: History) -> str:
        return "" if rows_of_batch(run.description) is not None else "the rows of a batch are not known"

    def check(self, run: History) -> Iterator[Finding]:
        normalized = [layer for layer in run.description.layers if layer.type.startswith("BatchNorm")]
        rows = rows_of_batch(run.description)
        if not normalized or rows is None or rows >= self.min_rows:
            return
        names = tuple(layer.name for layer in normalized)
        yield Finding(
            rule=self.code,
            name=self.name,
            message=f"{join_layers(names)} {'takes' if len(names) == 1 else 'take'} statistics over too few rows."
            f" A batch holds {rows}.",
            why="Mean and variance of a few rows are mostly noise. At evaluation other statistics take their place.",
            path=normalized[0].path or "",
            layers=names,
            evidence=(Evidence("rows in a batch", rows, int(self.min_rows), "rows"),),
        )

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return collect(enlarge_batch(config), normalize_by_row(config))


def rows_of_batch(description: RunDescription) -> int | None:
    """Rows over which statistics are taken; None where the config does not say."""
    size, rows = description.trainer.get("batch_size"), description.data.train_rows
    return None if size is None else min(size, rows) if rows else int(size)
