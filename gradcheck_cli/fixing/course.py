"""The course of one search: safe fixes, then unsafe ones, and the proof of the best, all within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gradcheck_cli.fixing.proof import Proof, prove
from gradcheck_cli.fixing.race import Entrant
from gradcheck_cli.fixing.search import Search
from gradcheck_cli.fixing.target import Target
from gradcheck_cli.fixing.trials import Trials
from gradcheck_cli.fixing.verdict import LEAST_GAIN, find_gain
from gradcheck_cli.rules.base import Safety, VerdictOutcome

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
        is_out_of_budget: Whether the budget left something undone.
        notes: Plain sentences on what cut it short.
    """

    ranking: list[Entrant] = field(default_factory=list)
    proofs: dict[str, Proof] = field(default_factory=dict)
    chosen: Proven | None = None
    withheld: Proven | None = None
    is_out_of_budget: bool = False
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
    """Search and prove, and where a proven config is better but not healthy, look for what it lacks.

    Where unsafe fixes are not asked for, a safe one is proven first, and an unsafe one only to be shown.

    Raises:
        KeyboardInterrupt: It was interrupted; `course` holds what is known.
    """
    for _ in range(MOST_PROOFS):
        base = course.chosen.entrant if course.chosen is not None else setting.original
        if search.room(base) < min(1.0, setting.trials.cost_of(base.result)):
            course.is_out_of_budget = True
            break
        found = search.look(prefer_safe=not unsafe, base=base)
        course.ranking = found or course.ranking
        allowed = [entrant for entrant in found if unsafe or entrant.candidate.safety is Safety.SAFE]
        proven = _prove_best(course, search, setting, allowed)
        if proven is not None and (course.chosen is None or _is_further(proven, course.chosen, setting.target)):
            course.chosen = proven
        if proven is None or _is_complete(proven.proof, setting.target) or len(allowed) < len(found):
            break
    if not unsafe and (course.chosen is None or not _is_complete(course.chosen.proof, setting.target)):
        others = [entrant for entrant in course.ranking if entrant.candidate.safety is Safety.UNSAFE]
        course.withheld = _prove_best(course, search, setting, others)


def _is_further(one: Proven, other: Proven, target: Target) -> bool:
    """Whether it is the healthier of two, or else has the higher mean metric on the fresh seeds."""
    if _is_complete(one.proof, target) != _is_complete(other.proof, target):
        return _is_complete(one.proof, target)
    after, before = one.proof.verdict.after, other.proof.verdict.after
    return after is not None and (before is None or after.mean > before.mean)


def _prove_best(course: Course, search: Search, setting: Setting, ranking: Sequence[Entrant]) -> Proven | None:
    """The first that is fixed on fresh seeds, or at least better there."""
    promising = [e for e in ranking if _is_promising(e, setting) and e.candidate.text not in course.proofs]
    for number, entrant in enumerate(promising[:MOST_PROOFS]):
        proof = (
            None
            if not search.can_expect_proof(entrant)
            else prove(
                setting.trials,
                setting.target,
                entrant,
                original=setting.original.candidate.text,
                seed=setting.seed,
                limit=setting.budget,
                has_rival=any(setting.target.is_met(rival.result) for rival in promising[number + 1 :]),
            )
        )
        if proof is None:
            course.is_out_of_budget = True
            continue
        search.is_original_proven = search.is_original_proven or bool(proof.before)
        course.proofs[entrant.candidate.text] = proof
        if proof.verdict.gain_shown:
            return Proven(entrant, proof)
    return None


def _is_promising(entrant: Entrant, setting: Setting) -> bool:
    """Whether a whole run shows that the config may be worth a proof."""
    result, target = entrant.result, setting.target
    gain = find_gain(setting.original.result, result)
    return not result.failed and (target.is_gone(result) or gain >= LEAST_GAIN)


def _is_complete(proof: Proof, target: Target) -> bool:
    """Whether the target is met on most of the fresh seeds too, not only better."""
    fixed = proof.verdict.outcome is VerdictOutcome.FIXED
    return fixed and 2 * sum(target.is_met(result) for result in proof.after) > len(proof.after)
