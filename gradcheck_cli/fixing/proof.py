"""Puts a config to the proof: it and the original on seeds that no search has seen; it looks for nothing better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.fixing.candidates import Candidate
from gradcheck_cli.fixing.target import Target
from gradcheck_cli.fixing.trials import Result, Trial, Trials
from gradcheck_cli.fixing.verdict import is_noisy, judge_proof
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
    trials: Trials, target: Target, candidate: Candidate, *, original: str, seed: int, limit: float, length: float
) -> Proof:
    """Train both on fresh seeds, more of them where noise leaves it open and `limit` allows.

    Args:
        original: Text of the config as it was.
        seed: Of the search.
        limit: Up to which `Trials.spent` may go for the additional seeds.
        length: Planned steps of the candidate over those of the original.
    """
    seeds = fresh_seeds(seed, PROOF_SEEDS)
    before, after = _train(trials, candidate, original, seeds)
    pace = sum(map(trials.cost_of, (*before, *after))) / len(seeds)
    if is_noisy(target, before, after) and trials.spent + MORE_SEEDS * pace <= limit:
        seeds = fresh_seeds(seed, PROOF_SEEDS + MORE_SEEDS)
        before, after = _train(trials, candidate, original, seeds)
    control = _train_control(trials, candidate, original, seeds, planned=after[0].planned_steps) if length > 1 else []
    return Proof(judge_proof(target, before=before, after=after, control=control), tuple(before), tuple(after))


def fresh_seeds(seed: int, count: int) -> list[int]:
    """The seeds that follow that of the search."""
    return [(seed + 1 + index) % LARGEST_SEED for index in range(count)]


def _train(
    trials: Trials, candidate: Candidate, original: str, seeds: Sequence[int]
) -> tuple[list[Result], list[Result]]:
    runs = [Trial(text, seed) for text in (original, candidate.text) for seed in seeds]
    labels = [f"{name}, seed {seed}" for name in ("the original", candidate.titles[-1]) for seed in seeds]
    results = trials.run(runs, labels=labels, stage="proof")
    return results[: len(seeds)], results[len(seeds) :]


def _train_control(
    trials: Trials, candidate: Candidate, original: str, seeds: Sequence[int], *, planned: int | None
) -> list[Result]:
    """The original for as many steps; it would be the candidate itself where only the length was changed."""
    only_longer = all(edit.path.startswith(_LENGTHS) for fix in candidate.fixes for edit in fix.edits)
    if planned is None or only_longer:
        return []
    overrides = ("trainer.epochs=null", f"trainer.max_steps={planned}")
    runs = [Trial(original, seed, overrides=overrides) for seed in seeds]
    return trials.run(runs, labels=[f"control, seed {seed}" for seed in seeds], stage="proof")


def cost_of_proof(trials: Trials, result: Result, *, original: Result) -> float:
    """What a proof will take, by the whole runs of both on the search seed."""
    length = trials.length_of(result)
    control = PROOF_SEEDS * length if length > 1 and not math.isnan(length) else 0.0
    return PROOF_SEEDS * (trials.cost_of(result) + trials.cost_of(original)) + control
