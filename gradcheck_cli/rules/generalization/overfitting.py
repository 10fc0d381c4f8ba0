"""GC401: the network learns its training rows by heart, at the cost of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History, Outcome, RunStatus
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity, threshold
from gradcheck_cli.rules.fixes.recipes import generalize
from gradcheck_cli.rules.generalization.validation_rise import ValidationRise, measure_rise
from gradcheck_cli.rules.standing import beaten_by, best_reference, is_at_trivial, is_training_metric_good, margin
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


BEST_METRIC = "validation metric at the best epoch"
RISE = "rise over (trivial - best)"


@dataclass(frozen=True)
class Overfitting(Rule):
    """Overfitting.

    ## What it detects
    A validation loss that turned up while the training loss went on falling; or a network that is good on its
    training rows and no better than simple methods on the others.

    ## Why it matters
    The network learns its training rows by heart. What it gains there it loses on rows it has not seen.

    ## How it decides
    All of: the mean validation loss of the last epochs (a tenth of the run, at least 3) lies above that of the best
    window by a share of what was gained over the trivial loss; the loss rises steadily in between; the rise holds row
    by row in a paired test whose best window was chosen on the other half of the rows; the training loss fell over
    the same epochs; the metric fell too, or the loss ended above trivial. Without the last it is a note: the network
    has become overconfident, not worse. With fewer than 50 validation rows the test alone proves no harm. A run whose
    best epoch is restored at its end is left alone.

    ## Fixes and their safety
    Early stopping with the best epoch restored, weight decay (L2), an L1 penalty, fewer epochs, a learning rate that
    decays (safe). Dropout, smaller width (unsafe: they change the network). More data (advice).

    ## When to ignore it
    When the last epoch is not the one that will be used.

    ## References
    Prechelt 1998, "Early stopping - but when?"; Guo et al. 2017, "On calibration of modern neural networks".
    """

    code: ClassVar[str] = "GC401"
    name: ClassVar[str] = "overfitting"
    summary: ClassVar[str] = "The validation loss turned up while the training loss went on falling."
    family: ClassVar[Family] = Family.GENERALIZATION
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.EPOCHS, Need.VALIDATION})
    aliases: ClassVar[tuple[str, ...]] = ("Overfit", "Overtraining")

    min_rise: float = threshold(
        0.1,
        unit="share of (trivial - best)",
        help="rise of the validation loss over what had been gained",
        source="calibrated on the corpus: at most 0.04 in healthy runs (0.07 with 34 rows), 0.11 where they overfit",
    )
    min_trend: float = threshold(
        0.2,
        unit="rank correlation",
        help="of validation loss and epoch after the best",
        source="calibrated on the corpus: 0.32 and more where runs overfit",
    )
    max_p: float = threshold(1e-3, unit="probability", help="of the rise per row by noise alone", source="convention")
    min_rows: float = threshold(
        50, unit="validation rows", help="fewer prove no harm by themselves", source="convention"
    )

    def check(self, run: History) -> Iterator[Finding]:
        rise = measure_rise(run)
        if rise is not None and self.is_real(rise) and not restores_best(run):
            yield self._turned_up(run, rise)
        elif run.outcome is not None and _is_gap(run, run.outcome):
            yield self._gap(run.outcome)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        metric = next((entry for entry in finding.evidence if entry.name == BEST_METRIC), None)
        enough = metric is not None and float(metric.value) >= float(metric.limit or 0)
        return generalize(config, stopping_is_enough=enough)

    def is_real(self, rise: ValidationRise) -> bool:
        """Whether the rise is large, steady, sure, and came with a falling training loss."""
        return (
            rise.share_of_gain >= self.min_rise
            and rise.trend >= self.min_trend
            and rise.p_value < self.max_p
            and rise.training_fall > 0
        )

    def _turned_up(self, run: History, rise: ValidationRise) -> Finding:
        costly = rise.metric_fall > 0 or rise.above_trivial
        first = (
            "The validation loss turned up while the training loss went on falling."
            if costly
            else "The validation loss turned up, but the validation metric held: the network grew overconfident."
        )
        return Finding(
            rule=self.code,
            name=self.name,
            message=f"{first} It rose from {show_number(rise.best_loss)} around epoch {rise.best_epoch + 1} to"
            f" {show_number(rise.last_loss)} at the end.",
            why="The network learns its training rows by heart. What it gains there it loses on rows it has not seen.",
            first_step=int(run.epochs.step[rise.best_epoch]) if run.epochs is not None else None,
            evidence=(
                Evidence(RISE, rise.share_of_gain, self.min_rise, "ratio"),
                Evidence("p of the rise per row", rise.p_value, self.max_p, "probability"),
                Evidence("rank correlation with the epoch", rise.trend, self.min_trend, "correlation"),
                Evidence("fall of the training loss meanwhile", rise.training_fall, 0.0, "loss"),
                Evidence("fall of the validation metric meanwhile", rise.metric_fall, 0.0, "metric"),
                *_best_metric(run, rise),
            ),
            level=Severity.WARNING if costly else Severity.INFO,
            ceiling=Severity.ERROR if costly else Severity.INFO,
            harmful=costly and _validation_rows(run) >= self.min_rows,
        )

    def _gap(self, outcome: Outcome) -> Finding:
        metric = outcome.metric_name.replace("_", " ")
        return Finding(
            rule=self.code,
            name=self.name,
            message="The network is good on its training rows and no better than simple methods on the others."
            f" Its {metric} is {show_number(outcome.train_metric)} in training and"
            f" {show_number(outcome.value)} in validation.",
            why="What it learnt holds for its training rows only.",
            evidence=(Evidence("generalization_gap", outcome.train_metric - outcome.value, None, "metric"),),
        )


def _best_metric(run: History, rise: ValidationRise) -> tuple[Evidence, ...]:
    """The metric that stopping at the best epoch would have kept, against the best cheap reference less its margin."""
    reference = best_reference(run.outcome) if run.outcome is not None else None
    if reference is None or run.epochs is None:
        return ()
    limit = reference[1].metric - margin(run.description.data.validation_rows)
    return (Evidence(BEST_METRIC, float(run.epochs.validation_metric[rise.best_epoch]), limit, "metric"),)


def restores_best(run: History) -> bool:
    """Whether the network that the run hands over is that of its best epoch."""
    stopping = run.description.trainer.get("early_stopping")
    return isinstance(stopping, Mapping) and bool(stopping.get("restore_best"))


def _is_gap(run: History, outcome: Outcome) -> bool:
    """Whether the validation metric is harmed and the training metric is not, at the end of a whole run."""
    if run.status in (RunStatus.STOPPED_BY_VERDICT, RunStatus.INTERRUPTED) or outcome.constant_target:
        return False
    rows = run.description.data.validation_rows
    harmed = is_at_trivial(outcome) or beaten_by(outcome, validation_rows=rows) is not None
    return harmed and is_training_metric_good(outcome, validation_rows=rows)


def _validation_rows(run: History) -> float:
    rows = run.description.data.validation_rows
    if rows is not None:
        return rows
    return len(run.validation_losses.last) if run.validation_losses is not None else 0
