"""Repairs a config by edits drawn at random from the whole catalogue, within a budget; it does not judge the result."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from random import Random

from gradcheck_cli.fixing.candidates import Candidate, propose
from gradcheck_cli.fixing.proof import PROOF_SEEDS, fresh_seeds
from gradcheck_cli.fixing.trials import Result, Trial, Trials
from gradcheck_cli.fixing.verdict import stand_in
from tests.benchmarks.imagined_findings import list_catalogue
from tests.benchmarks.remedy import THREADS, Outcome, Patient, Remedy


def cost_of_proof(length: float) -> float:
    """What the tool's own search keeps back to prove a config of that length: both on fresh seeds, and the control."""
    return PROOF_SEEDS * (length + 1.0 + (length if length > 1 else 0.0))


def repair_at_random(patient: Patient, trials: Trials, *, budget: float, draw: Random) -> Remedy:
    """Train edits drawn from the whole catalogue while the budget lasts, and put the best to the proof."""
    suggestions = list_catalogue(patient.history, patient.config)
    candidates = propose(Candidate(patient.text), suggestions, overrides=THREADS).candidates
    if not candidates:
        return Remedy(Outcome.NO_CANDIDATE, trials.spent)
    tried = _try_in_turn(patient, trials, draw.sample(candidates, len(candidates)), budget=budget)
    if not tried:
        return Remedy(Outcome.TOO_DEAR, trials.spent, note=f"{len(candidates)} candidates")
    counted = f"{len(tried)} of {len(candidates)} candidates tried"
    usable = [(result.metric, candidate) for candidate, result in tried if math.isfinite(result.metric)]
    if not usable:
        return Remedy(Outcome.NONE_USABLE, trials.spent, note=counted)
    best = max(usable, key=lambda pair: pair[0])[1]
    is_better = _is_better(patient, trials, best)
    outcome = Outcome.APPLIED if is_better else Outcome.NOT_BETTER
    return Remedy(outcome, trials.spent, best.text if is_better else None, best.titles, counted)


def _try_in_turn(
    patient: Patient, trials: Trials, candidates: Sequence[Candidate], *, budget: float
) -> list[tuple[Candidate, Result]]:
    """Whole runs on the search seed, of each that leaves what a proof of the longest of them can cost."""
    tried, longest = list[tuple[Candidate, Result]](), 0.0
    for candidate in candidates:
        most = max(candidate.length, longest)
        if trials.spent + candidate.length + cost_of_proof(most) > budget:
            continue
        longest = most
        runs = trials.run([Trial(candidate.text, patient.seed)], labels=candidate.titles, stage="whole run")
        tried.append((candidate, runs[0]))
    return tried


def _is_better(patient: Patient, trials: Trials, best: Candidate) -> bool:
    """Whether the mean metric is higher than the original's on the seeds of the tool's own proof."""
    seeds = fresh_seeds(patient.seed, PROOF_SEEDS)
    runs = [Trial(text, seed) for text in (patient.text, best.text) for seed in seeds]
    results = trials.run(runs, labels=[f"seed {run.seed}" for run in runs], stage="proof")
    before, after = results[: len(seeds)], results[len(seeds) :]
    mean = statistics.mean(result.metric for result in after)
    stood_in = statistics.mean(stand_in(original, result) for original, result in zip(before, after, strict=True))
    return mean > stood_in or (math.isfinite(mean) and math.isnan(stood_in))
