"""Verdicts and scores of judged runs against their labels; it judges and trains nothing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.diagnosis.judge import Judgement
from gradcheck_cli.diagnosis.report import RuleStatus
from gradcheck_cli.recording.history import History, RunStatus
from gradcheck_cli.rules.base import Severity
from tests.benchmarks.labels import Kind, Label

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Verdict:
    """What came of one case.

    Attributes:
        broken: No usable report.
        found: An error, on a failing case.
        cause: The first finding is one that the label accepts.
        named: Some finding is.
        alarm: An error that the label does not excuse.
        warned: An error or warning that the label does not excuse.
        stopped: Ended by the tool before its time.
        used: Share of the planned steps that were taken; None where unknown.
        crashes: Rules that crashed.
        first: Code of the first finding; empty where there is none.
    """

    label: Label
    source: str
    broken: bool
    found: bool
    cause: bool
    named: bool
    alarm: bool
    warned: bool
    stopped: bool
    used: float | None
    crashes: int
    first: str
    loud: tuple[str, ...] = ()
    lint_named: bool | None = None

    @property
    def trouble(self) -> str:
        """What went wrong, in words; empty where nothing did."""
        if self.label.kind is Kind.FAILS:
            if not self.found:
                return "no error"
            return "" if self.cause else "cause not in " + "/".join(sorted(self.label.rules))
        if self.label.kind is Kind.HEALTHY:
            problems = (("false alarm", self.alarm), ("stopped", self.stopped), ("warning", self.warned))
            return next((words for words, holds in problems if holds), "")
        fine = self.named or self.label.silence_is_fine
        return "" if fine else "not named: " + "/".join(sorted(self.label.rules))


@dataclass(frozen=True)
class Score:
    """Shares over cases, marginal ones left out; None where there is no case to count."""

    cases: int
    failing: int
    healthy: int
    recall: float | None
    cause: float | None
    false_alarms: float | None
    false_alarms_95_bound: float | None
    warnings: float | None
    other_named: float | None
    other_wrong_errors: float | None
    stopped: float | None
    lost_steps: float | None
    static: float | None
    broken: int
    rule_crashes: int


def compare(
    label: Label, judgement: Judgement | None, history: History | None, *, source: str, linted: Judgement | None = None
) -> Verdict:
    """Hold what was found against the label.

    Args:
        source: Data source of the case.
        linted: What lint found; None where it was not asked.
    """
    found = judgement.findings if judgement is not None else ()
    broken = judgement is None or (history is not None and history.status is RunStatus.FAILED and not found)
    errors = [finding.rule for finding in found if finding.severity is Severity.ERROR]
    loud = [finding.rule for finding in found if finding.severity is not Severity.INFO]
    planned = history.description.planned_steps if history is not None else None
    return Verdict(
        label=label,
        source=source,
        broken=broken,
        found=bool(errors),
        cause=bool(found) and found[0].rule in label.rules,
        named=any(finding.rule in label.rules for finding in found),
        alarm=broken or bool(set(errors) - label.excused),
        warned=broken or bool(set(loud) - label.excused),
        stopped=history is not None and history.status is RunStatus.STOPPED_BY_VERDICT,
        used=history.steps_done / planned if history is not None and planned else None,
        crashes=sum(rule.status is RuleStatus.CRASHED for rule in judgement.rules) if judgement is not None else 0,
        first=found[0].rule if found else "",
        loud=tuple(loud),
        lint_named=any(finding.rule in label.rules for finding in linted.findings) if linted is not None else None,
    )


def score(verdicts: Sequence[Verdict]) -> Score:
    """Sum verdicts up."""
    clear = [verdict for verdict in verdicts if not verdict.label.marginal]
    fails, healthy, other = ([v for v in clear if v.label.kind is kind] for kind in Kind)
    recoverable = [verdict for verdict in verdicts if verdict.label.recoverable]
    alarms = sum(verdict.alarm for verdict in healthy)
    used = [v.used for v in verdicts if v.label.lost and v.used and not v.broken]
    return Score(
        cases=len(verdicts),
        failing=len(fails),
        healthy=len(healthy),
        recall=_share([verdict.found for verdict in fails]),
        cause=_share([verdict.cause for verdict in fails]),
        false_alarms=_share([verdict.alarm for verdict in healthy]),
        false_alarms_95_bound=upper_bound(alarms, len(healthy)) if healthy else None,
        warnings=_share([verdict.warned for verdict in healthy]),
        other_named=_share([verdict.named for verdict in other]),
        other_wrong_errors=_share([verdict.alarm for verdict in other]),
        stopped=_share([verdict.stopped for verdict in recoverable]),
        lost_steps=statistics.median(used) if used else None,
        static=_share([v.lint_named for v in verdicts if v.label.static and v.lint_named is not None]),
        broken=sum(verdict.broken for verdict in verdicts),
        rule_crashes=sum(verdict.crashes for verdict in verdicts),
    )


def upper_bound(events: int, trials: int) -> float:
    """The 95 % upper bound of a rate (one-sided).

    Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits", by bisection.
    """
    low, high = events / trials, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        tail = sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(events + 1))
        low, high = (rate, high) if tail > 1 - CONFIDENCE else (low, rate)
    return high


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
