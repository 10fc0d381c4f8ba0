"""Trains candidates through `diagnosis.check`, several at a time where asked, and counts what that costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gradcheck_cli.diagnosis.baseline import Entry, read_baseline
from gradcheck_cli.diagnosis.check import CheckOptions, check_text
from gradcheck_cli.diagnosis.failed_runs import report_killed
from gradcheck_cli.diagnosis.many_runs import run_in_parallel
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.diagnosis.silencing import silence_one
from gradcheck_cli.fixing.watching import NOBODY, Watcher
from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import Outcome, RunStatus
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.config.unused_suppression import UnusedSuppression
from gradcheck_cli.rules.outcome.decision import predicted_fall
from gradcheck_cli.rules.standing import TRIVIAL, best_reference


@dataclass(frozen=True)
class Trial:
    """One training run of a config's text.

    Attributes:
        share: Of its planned steps, in (0, 1].
        overrides: `KEY=VALUE` beside those of the command.
    """

    text: str
    seed: int
    share: float = 1.0
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What is kept of a trial.

    Attributes:
        steps: Optimizer steps taken.
        planned_steps: Of a whole run; None where torch refused the network.
        rows: Training and validation rows.
        best_validation_loss: The lowest of any epoch; NaN where there is none.
        harmed: See contracts §3; True for a network or data that cannot be used.
        coming_fall: By how much as many steps again would lower the training loss, in units of the trivial loss.
        non_finite: Whether it ended with NaN or Inf.
        findings: But for those on comments.
        refused: Why it could not be trained; empty where it could.
        remarks: Those on comments in the config that silence nothing: they tell nothing of the training.
    """

    status: RunStatus
    steps: int
    planned_steps: int | None
    rows: tuple[int | None, int | None]
    outcome: Outcome | None
    best_validation_loss: float
    harmed: bool | None
    coming_fall: float
    non_finite: bool
    findings: tuple[Finding, ...]
    refused: str
    remarks: tuple[Finding, ...] = ()

    @property
    def failed(self) -> str:
        """Why there is no usable network at the end; empty where there is."""
        return self.refused or ("it ended as NaN or Inf" if self.non_finite else "")

    @property
    def errors(self) -> frozenset[str]:
        """Codes of the findings that are errors."""
        return frozenset(finding.rule for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def metric(self) -> float:
        """Final validation metric, or that of the training rows where there is no validation; NaN for a failed run."""
        if self.outcome is None or self.failed:
            return math.nan
        return self.outcome.value if math.isfinite(self.outcome.value) else self.outcome.train_metric

    @property
    def trivial(self) -> float:
        """Metric of the best constant output on the same split; NaN where unknown."""
        reference = self.outcome.references.get(TRIVIAL) if self.outcome is not None else None
        return math.nan if reference is None else reference.metric

    @property
    def reference(self) -> float:
        """Metric of the best cheap reference on the same split; NaN where unknown."""
        best = best_reference(self.outcome) if self.outcome is not None else None
        return math.nan if best is None else best[1].metric

    @property
    def validation_loss(self) -> float:
        """Of the network that the run hands over; NaN where unknown."""
        return self.outcome.validation_loss if self.outcome is not None else math.nan


def summarize(report: RunReport) -> Result:
    """What is kept of a report, which holds no more of what is silenced."""
    history = report.history
    epochs = history.epochs if history is not None else None
    losses = epochs.validation_loss if epochs is not None else np.empty(0)
    finite = losses[np.isfinite(losses)]
    data = history.description.data if history is not None else None
    refused = str(report.errors[0]) if report.errors else ""
    return Result(
        status=report.status,
        steps=history.steps_done if history is not None else 0,
        planned_steps=history.description.planned_steps if history is not None else None,
        rows=(data.train_rows, data.validation_rows) if data is not None else (None, None),
        outcome=history.outcome if history is not None else None,
        best_validation_loss=float(finite.min()) if len(finite) else math.nan,
        harmed=True if refused else report.harm.shown,
        coming_fall=predicted_fall(history) if history is not None else 0.0,
        non_finite=report.harm.by == "c",
        findings=tuple(finding for finding in report.findings if finding.rule != UnusedSuppression.code),
        remarks=tuple(finding for finding in report.findings if finding.rule == UnusedSuppression.code),
        refused=refused,
    )


class Trials:
    """Runs trials of one config, each once, and keeps the account.

    Attributes:
        spent: Cost so far, in full-length runs of the original (optimizer steps over its planned steps).
    """

    def __init__(self, source: str, options: CheckOptions, *, jobs: int = 1, watcher: Watcher = NOBODY) -> None:
        self._source, self._options, self._jobs, self.watcher = source, options, jobs, watcher
        self._baseline = read_baseline(options.baseline) if options.baseline is not None else ()
        self._known: dict[Trial, Result] = {}
        self._planned: int | None = None
        self.spent = 0.0

    def settle(self, report: RunReport) -> RunReport:
        """A report without what is silenced, as that of every trial."""
        return silence_one(report, known=self._baseline)

    def enter(self, trial: Trial, result: Result) -> None:
        """Take in a run that was made elsewhere; the first one tells how long a full run is."""
        self._known[trial] = result
        self._planned = self._planned or result.planned_steps
        self.spent += self.cost_of(result)

    def cost_of(self, result: Result) -> float:
        """Steps of a run over those planned for the original; 0 where nothing could be trained."""
        return result.steps / self._planned if self._planned else 0.0

    def length_of(self, result: Result) -> float:
        """Planned steps of a config over those of the original; 1 where unknown."""
        return result.planned_steps / self._planned if result.planned_steps and self._planned else 1.0

    def run(self, trials: Sequence[Trial], *, labels: Sequence[str], stage: str) -> list[Result]:
        """Train those that were not trained yet; the results come in the order of the trials.

        Args:
            labels: What each trial is called where progress is shown.
            stage: What they are for.

        Raises:
            KeyboardInterrupt: One of them was interrupted.
        """
        labelled = dict(zip(trials, labels, strict=True))
        due = [trial for trial in labelled if trial not in self._known]
        for trial, result in zip(due, self._train(due, [labelled[t] for t in due], stage), strict=True):
            if result.status is RunStatus.INTERRUPTED:
                raise KeyboardInterrupt
            self.enter(trial, result)
            self.watcher.tried(labelled[trial], result.metric, spent=self.spent)
        return [self._known[trial] for trial in trials]

    def _train(self, trials: Sequence[Trial], labels: Sequence[str], stage: str) -> Iterator[Result]:
        calls: list[Callable[[], Result]] = [
            partial(_train, trial, self._options, self._source, known=self._baseline) for trial in trials
        ]
        if self._jobs > 1 and len(calls) > 1:
            self.watcher.trying(f"{len(calls)} configs", stage=stage)
            yield from run_in_parallel(calls, jobs=self._jobs, on_lost=lambda _: summarize(report_killed(self._source)))
            return
        for call, label in zip(calls, labels, strict=True):
            self.watcher.trying(label, stage=stage)
            yield call()


def _train(trial: Trial, options: CheckOptions, source: str, *, known: Sequence[Entry]) -> Result:
    overrides = (*options.overrides, *trial.overrides, f"seed={trial.seed}")
    wanted = replace(options, overrides=overrides, share=trial.share, save=False)
    return summarize(silence_one(check_text(trial.text, wanted, source=source), known=known))
