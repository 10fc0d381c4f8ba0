"""Puts a config to the proof: it and the original on seeds that no search has seen; it looks for nothing better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.fixing.candidates import Candidate
from gradcheck_cli.fixing.race import CLEAR_LEAD, Entrant
from gradcheck_cli.fixing.target import Target
from gradcheck_cli.fixing.trials import Result, Trial, Trials
from gradcheck_cli.fixing.verdict import is_noisy, judge_failure, judge_proof
from gradcheck_cli.rules.base import Verdict

PROOF_SEEDS = 3
MORE_SEEDS = 2
"""Seeds in addition where the first ones leave it open."""
LARGEST_SEED = 2**32
_LENGTHS = ("trainer.epochs", "trainer.max_steps", "lr_scheduler")


@dataclass(frozen=True)
class Proof:
    """Runs on fresh seeds, one result a seed in the same order, and what they show."""

    verdict: Verdict
    before: tuple[Result, ...]
    after: tuple[Result, ...]


def prove(
    trials: Trials,
    target: Target,
    entrant: Entrant,
    *,
    original: str,
    seed: int,
    limit: float,
    has_rival: bool = False,
) -> Proof | None:
    """Train both on fresh seeds, more of them where noise leaves it open; None where `limit` ends that too early.

    A config that fails on the first of them, or shows the finding again, is given up there.

    Args:
        original: Text of the config as it was.
        seed: Of the search.
        limit: Up to which `Trials.spent` may go.
        has_rival: Whether another config did well too, so that one that was lucky on the search seed is given up.
    """
    candidate, seeds = entrant.candidate, fresh_seeds(seed, PROOF_SEEDS)
    if trials.spent + trials.length_of(entrant.result) > limit:
        return None
    first = _train(trials, candidate.text, seeds[:1], label=candidate.titles[-1])
    returned = target.is_gone(entrant.result) and not target.is_gone(first[0])
    lucky = first[0].metric <= entrant.result.metric - CLEAR_LEAD and not target.is_met(first[0])
    if first[0].failed or returned or (has_rival and lucky):
        return Proof(judge_failure(target, first), (), tuple(first))
    runs = _train_within(trials, entrant, original, seeds, limit=limit)
    if runs is None:
        return None
    before, after = runs
    control = _train_control(trials, entrant, original, seeds)
    pace = sum(map(trials.cost_of, (*before, *after, *control))) / len(seeds)
    if is_noisy(target, before, after) and trials.spent + MORE_SEEDS * pace <= limit:
        seeds = fresh_seeds(seed, PROOF_SEEDS + MORE_SEEDS)
        before, after = _train_within(trials, entrant, original, seeds, limit=limit) or (before, after)
    control = _train_control(trials, entrant, original, seeds[: len(after)])
    return Proof(judge_proof(target, before=before, after=after, control=control), tuple(before), tuple(after))


def _train_within(
    trials: Trials, entrant: Entrant, original: str, seeds: Sequence[int], *, limit: float
) -> tuple[list[Result], list[Result]] | None:
    """Train both, all at once where whole runs stay within the limit, else seed by seed; None where it ends that."""
    length = trials.length_of(entrant.result)
    pair = 1 + length + (length if length > 1 else 0.0)
    if trials.spent + pair * len(seeds) > limit:
        for number in range(1, len(seeds) + 1):
            if trials.spent + pair > limit:
                return None
            _train_both(trials, entrant.candidate, original, seeds[:number])
            _train_control(trials, entrant, original, seeds[:number])
    return _train_both(trials, entrant.candidate, original, seeds)


def fresh_seeds(seed: int, count: int) -> list[int]:
    """The seeds that follow that of the search."""
    return [(seed + 1 + index) % LARGEST_SEED for index in range(count)]


def _train_both(
    trials: Trials, candidate: Candidate, original: str, seeds: Sequence[int]
) -> tuple[list[Result], list[Result]]:
    """Results of the original and of the candidate; all that are not known yet are trained at a time."""
    names = {original: "the original", candidate.text: candidate.titles[-1]}
    runs = [Trial(text, seed) for text in names for seed in seeds]
    labels = [f"{name}, seed {seed}" for name in names.values() for seed in seeds]
    results = trials.run(runs, labels=labels, stage="proof")
    return results[: len(seeds)], results[len(seeds) :]


def _train(trials: Trials, text: str, seeds: Sequence[int], *, label: str) -> list[Result]:
    runs = [Trial(text, seed) for seed in seeds]
    return trials.run(runs, labels=[f"{label}, seed {seed}" for seed in seeds], stage="proof")


def _train_control(trials: Trials, entrant: Entrant, original: str, seeds: Sequence[int]) -> list[Result]:
    """The original for as many steps; it would be the candidate itself where only the length was changed."""
    planned = entrant.result.planned_steps
    only_longer = all(edit.path.startswith(_LENGTHS) for fix in entrant.candidate.fixes for edit in fix.edits)
    if planned is None or only_longer or trials.length_of(entrant.result) <= 1:
        return []
    overrides = ("trainer.epochs=null", f"trainer.max_steps={planned}")
    runs = [Trial(original, seed, overrides=overrides) for seed in seeds]
    return trials.run(runs, labels=[f"control, seed {seed}" for seed in seeds], stage="proof")
