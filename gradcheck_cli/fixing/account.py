"""The course of a search as a `FixReport`, and the verdicts beside the suggestions; it trains and writes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gradcheck_cli.diagnosis.fix_report import Attempt, FixOutcome, FixReport
from gradcheck_cli.diagnosis.judge import rank_findings
from gradcheck_cli.diagnosis.seeds import merge_findings
from gradcheck_cli.fixing.course import Course, Proven, Setting
from gradcheck_cli.fixing.race import Entrant, value_of
from gradcheck_cli.fixing.search import Search
from gradcheck_cli.fixing.target import FIXABLE
from gradcheck_cli.fixing.verdict import spread_of
from gradcheck_cli.rules.base import Finding, VerdictOutcome, rank_by_proof


def give_account(course: Course, search: Search, setting: Setting) -> FixReport:
    """All that is known at the end of a search, or when it was interrupted."""
    attempts = tuple(_describe(entrant, course) for entrant in search.tried)
    by_text = {attempt.text: attempt for attempt in attempts}
    report = FixReport(
        FixOutcome.NOTHING_WORKED,
        cost=setting.trials.spent,
        metric=setting.original.result.metric,
        attempts=attempts,
        withheld=by_text[course.withheld.entrant.candidate.text] if course.withheld is not None else None,
        budget=setting.budget,
        notes=tuple(_list_notes(course, search, setting)),
    )
    if course.chosen is None:
        return replace(report, best=_pick_best(search.tried, by_text, proven=course.withheld))
    chosen, proof = course.chosen.entrant.candidate, course.chosen.proof
    left = list_remaining([result.findings for result in proof.after])
    clean = proof.verdict.outcome is VerdictOutcome.FIXED and not any(
        finding.severity.rank <= setting.target.severity.rank for finding in left
    )
    return replace(
        report,
        outcome=FixOutcome.FIXED if clean else FixOutcome.IMPROVED,
        applied=chosen.titles,
        remaining=list_remaining([(*result.findings, *result.remarks) for result in proof.after]),
        before=proof.verdict.before,
        after=proof.verdict.after,
        validation_loss_before=spread_of(result.validation_loss for result in proof.before),
        validation_loss_after=spread_of(result.validation_loss for result in proof.after),
        chosen=by_text[chosen.text],
    )


def _list_notes(course: Course, search: Search, setting: Setting) -> Iterator[str]:
    yield from course.notes
    yield from (f"Cannot be made: {reason}." for reason in search.refused)
    tried = {entrant.candidate.titles for entrant in search.tried}
    left = [titles for titles in search.too_dear if titles not in tried]
    if not search.tried and course.is_out_of_budget:
        least = math.ceil(setting.trials.spent + 1 + search.cost_of_proof(setting.original))
        yield f"Nothing was tried: with its proof, a search takes up to {least} full runs; try --budget {least}."
    elif left or course.is_out_of_budget:
        more = f", {len(left)} more change{'s' if len(left) > 1 else ''} among it" if left else ""
        yield f"The budget of {setting.budget:g} full runs left some things undone{more}; --budget allows more."


def list_remaining(runs: Sequence[Sequence[Finding]]) -> tuple[Finding, ...]:
    """Errors and warnings of the fixed config over the fresh seeds; an error needs half of them."""
    merged = rank_findings(merge_findings(runs))
    return tuple(finding for finding in merged if finding.severity in FIXABLE)


def attach_verdicts(findings: Sequence[Finding], attempts: Sequence[Attempt]) -> tuple[Finding, ...]:
    """The findings with the verdict of each of their fixes that was proven alone; what helped comes first."""
    verdicts = {attempt.titles: attempt.verdict for attempt in attempts if len(attempt.titles) == 1}
    tried = (
        (finding, [replace(fix, verdict=verdicts.get((fix.title,))) for fix in finding.fixes]) for finding in findings
    )
    return tuple(replace(finding, fixes=tuple(sorted(fixes, key=rank_by_proof))) for finding, fixes in tried)


def _describe(entrant: Entrant, course: Course) -> Attempt:
    candidate, proof = entrant.candidate, course.proofs.get(entrant.candidate.text)
    return Attempt(
        titles=candidate.titles,
        safety=candidate.safety,
        rule=candidate.rules[-1],
        share=entrant.share,
        metric=entrant.result.metric,
        failed=entrant.result.failed,
        verdict=proof.verdict if proof is not None else None,
        text=candidate.text,
    )


def _pick_best(tried: Sequence[Entrant], by_text: dict[str, Attempt], *, proven: Proven | None) -> Attempt | None:
    """The best that was tried and not proven: by its whole run where there is one."""
    rest = [entrant for entrant in tried if proven is None or entrant.candidate != proven.entrant.candidate]
    best = max(rest, key=lambda entrant: (entrant.share, value_of(entrant)), default=None)
    return None if best is None else by_text[best.candidate.text]
