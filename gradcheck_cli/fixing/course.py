"""The course of one search: safe fixes, then unsafe ones, and the proof of the best, all within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gradcheck_cli.fixing.proof import PROOF_SEEDS, Proof, cost_of_proof, prove
from gradcheck_cli.fixing.race import Entrant
from gradcheck_cli.fixing.search import Search
from gradcheck_cli.fixing.target import Target
from gradcheck_cli.fixing.trials import Trials
from gradcheck_cli.fixing.verdict import LEAST_GAIN, find_gain
from gradcheck_cli.rules.base import VerdictOutcome

MOST_PROOFS = 3


@dataclass(frozen=True)
class Proven:
    """A config whose gain fresh seeds have shown."""

    entrant: Entrant
    proof: Proof


@dataclass(eq=False)
class Course:
    """Where a search stands; kept outside of it, so that an interrupt leaves what is known.

    Attributes:
        ranking: Whole runs so far, best first.
        proofs: By the text of the config, in the order of proving.
        chosen: The config to take.
        withheld: One that works and is unsafe, where only safe ones were asked for.
        notes: Plain sentences on what was left undone.
    """

    ranking: list[Entrant] = field(default_factory=list)
    proofs: dict[str, Proof] = field(default_factory=dict)
    chosen: Proven | None = None
    withheld: Proven | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Setting:
    """What a search is made of."""

    trials: Trials
    target: Target
    original: Entrant
    seed: int
    budget: float


def follow(course: Course, search: Search, setting: Setting, *, unsafe: bool) -> None:
    """Search and prove; safe fixes alone first where unsafe ones are not asked for.

    Raises:
        KeyboardInterrupt: It was interrupted; `course` holds what is known.
    """
    course.chosen = _find(course, search, setting, safe_only=not unsafe)
    if unsafe or (course.chosen is not None and _is_complete(course.chosen.proof, setting.target)):
        return
    better = _find(course, search, setting, safe_only=False)
    if better is not None and (course.chosen is None or better.entrant.candidate != course.chosen.entrant.candidate):
        course.withheld = better


def _find(course: Course, search: Search, setting: Setting, *, safe_only: bool) -> Proven | None:
    trials = setting.trials
    limit = setting.budget - _reserve(course, setting)
    if limit - trials.spent < 1:
        _note(course, f"The budget of {setting.budget:g} full runs leaves none for a search.")
        return None
    known = course.ranking
    found = search.look(safe_only=safe_only, limit=limit)
    course.ranking = found or known
    return _prove_best(course, setting, found)


def _reserve(course: Course, setting: Setting) -> float:
    """Cost to keep for a proof; the original's own part of it is paid once."""
    original = 0.0 if course.proofs else setting.trials.cost_of(setting.original.result)
    return PROOF_SEEDS * (1 + original)


def _prove_best(course: Course, setting: Setting, ranking: Sequence[Entrant]) -> Proven | None:
    """The first that is fixed on fresh seeds, else the first that is at least better there."""
    better: Proven | None = None
    for entrant in [e for e in ranking if _is_promising(e, setting)][:MOST_PROOFS]:
        if entrant.candidate.text in course.proofs:
            continue
        if not _can_pay(course, setting, entrant):
            _note(course, f"The budget of {setting.budget:g} full runs left some unproven.")
            break
        proof = prove(
            setting.trials,
            setting.target,
            entrant.candidate,
            original=setting.original.candidate.text,
            seed=setting.seed,
            limit=setting.budget,
            length=setting.trials.length_of(entrant.result),
        )
        course.proofs[entrant.candidate.text] = proof
        if _is_complete(proof, setting.target):
            return Proven(entrant, proof)
        if proof.verdict.gain_shown and better is None:
            better = Proven(entrant, proof)
    return better


def _can_pay(course: Course, setting: Setting, entrant: Entrant) -> bool:
    original = setting.original.result
    cost = cost_of_proof(setting.trials, entrant.result, original=original)
    if course.proofs:
        cost -= PROOF_SEEDS * setting.trials.cost_of(original)
    return setting.trials.spent + cost <= setting.budget + 1e-9


def _is_promising(entrant: Entrant, setting: Setting) -> bool:
    """Whether a whole run shows that the config may be worth a proof."""
    result, target = entrant.result, setting.target
    gain = find_gain(setting.original.result, result)
    return not result.failed and (target.is_gone(result) or gain >= LEAST_GAIN)


def _is_complete(proof: Proof, target: Target) -> bool:
    """Whether the target is met on most of the fresh seeds too, not only better."""
    fixed = proof.verdict.outcome is VerdictOutcome.FIXED
    return fixed and 2 * sum(target.is_met(result) for result in proof.after) > len(proof.after)


def _note(course: Course, text: str) -> None:
    if text not in course.notes:
        course.notes.append(text)
