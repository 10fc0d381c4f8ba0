"""GC602: one class holds most of the rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.data_profile import DOMINANT_CLASS_SHARE, ClassCounts
from gradcheck_cli.recording.history import History, Outcome
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.data import balance_classes
from gradcheck_cli.rules.standing import is_at_trivial
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

COUNTS = "training rows of each class"


@dataclass(frozen=True)
class ClassImbalance(Rule):
    """Class imbalance.

    ## What it detects
    One class that holds most of the rows.

    ## Why it matters
    Always answering with that class is then right most of the time. Accuracy looks good while the other classes, often
    those that matter, are never found.

    ## How it decides
    The share of the largest class over training and validation rows. Above the limit, a run is judged by its balanced
    accuracy (the mean over classes of the share that is found), and plain accuracy is shown beside it. Since the loss
    and the accuracy hide what it costs, it stays a warning where the run ends well. It is an error where it explains
    the outcome: the validation loss fell clearly below that of the best constant output, and still the network finds
    the rare classes no better than by answering always the same.

    ## Fixes and their safety
    Weights for the classes in the loss: `weight` of CrossEntropyLoss, NLLLoss and MultiMarginLoss, `pos_weight` of
    BCEWithLogitsLoss (unsafe: they change what is minimised). More rows of the rare classes (advice).

    ## When to ignore it
    When the classes matter in proportion to their frequency.

    ## References
    He and Garcia 2009, "Learning from imbalanced data"; Brodersen et al. 2010, "The balanced accuracy and its
    posterior distribution".
    """

    code: ClassVar[str] = "GC602"
    name: ClassVar[str] = "class-imbalance"
    summary: ClassVar[str] = "One class holds most of the rows, so that accuracy says little."
    family: ClassVar[Family] = Family.DATA
    needs: ClassVar[frozenset[Need]] = frozenset({Need.DATA})
    aliases: ClassVar[tuple[str, ...]] = ("ClassImbalance",)
    hidden_by_metric: ClassVar[bool] = True

    max_share: float = threshold(
        DOMINANT_CLASS_SHARE,
        unit="share of all rows",
        help="of the largest class; the metric changes at 0.7 whatever is set here",
        source="convention; largest share of a balanced set in the corpus 0.63, of an imbalanced one 0.97",
    )

    min_learnt: float = threshold(
        0.05,
        unit="share of the trivial loss",
        help="fall of the validation loss from which on the network has learnt something",
        source="calibrated on the corpus: a network that answers always the same 0.13, stuck ones at most 0",
    )

    def check(self, run: History) -> Iterator[Finding]:
        counts = run.data_profile.classes if run.data_profile is not None else None
        if counts is None:
            return
        rows = counts.train + counts.validation
        if rows.sum() and rows.max() / rows.sum() > self.max_share:
            yield self._finding(counts, run.outcome, explains=self._answers_always_the_same(run))

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        written = next((str(e.value) for e in finding.evidence if e.name == COUNTS), "")
        return balance_classes(config, [int(count) for count in written.split(", ") if count])

    def _answers_always_the_same(self, run: History) -> bool:
        """Whether the network learnt something by its loss and nothing by its metric."""
        if run.outcome is None or run.epochs is None or not len(run.epochs) or not run.outcome.trivial_loss > 0:
            return False
        learnt = 1 - float(run.epochs.validation_loss[-1]) / run.outcome.trivial_loss
        return learnt > self.min_learnt and is_at_trivial(run.outcome)

    def _finding(self, counts: ClassCounts, outcome: Outcome | None, *, explains: bool) -> Finding:
        rows = counts.train + counts.validation
        largest, share = counts.names[int(rows.argmax())], float(rows.max() / rows.sum())
        return Finding(
            rule=self.code,
            name=self.name,
            message=f"One class holds most of the rows. {largest!r} has {share:.1%} of them, so always answering"
            f" {largest!r} is right that often.{_compare_metrics(outcome)}",
            why="Accuracy looks good while the other classes are never found. The loss, too, is mostly that of one"
            " class.",
            path="data",
            evidence=(
                Evidence("share of the largest class", share, self.max_share, "share of all rows"),
                *_metrics(outcome),
                Evidence(COUNTS, ", ".join(map(str, counts.train.tolist())), None, "rows"),
            ),
            effects=None if explains else (),
        )


def _metrics(outcome: Outcome | None) -> tuple[Evidence, ...]:
    """Both metrics, where the run has them."""
    if outcome is None or math.isnan(outcome.accuracy):
        return ()
    plain = Evidence("accuracy", outcome.accuracy, None, "metric")
    balanced = Evidence("balanced accuracy", outcome.value, None, "metric")
    return (balanced, plain) if outcome.metric_name == "balanced_accuracy" else (plain,)


def _compare_metrics(outcome: Outcome | None) -> str:
    shown = [f"{evidence.name} is {show_number(float(evidence.value))}" for evidence in _metrics(outcome)]
    return f" The network's {' and its '.join(reversed(shown))}." if shown else ""
