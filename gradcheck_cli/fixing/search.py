"""From the original's run to configs that are worth a proof: rounds of races within a budget; it proves none."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck_cli.fixing.candidates import Candidate, list_suggestions, propose, without
from gradcheck_cli.fixing.race import (
    MOST_AT_ONCE,
    MOST_ENTRANTS,
    SHORT,
    Entrant,
    enter,
    is_good_enough,
    leads_clearly,
    run_short,
    sort_entrants,
    value_of,
)
from gradcheck_cli.fixing.proof import PROOF_SEEDS
from gradcheck_cli.fixing.target import Target, list_grave
from gradcheck_cli.fixing.trials import Trials
from gradcheck_cli.fixing.verdict import LEAST_GAIN, TOLERANCE, stand_in
from gradcheck_cli.rules.base import Safety

MOST_ROUNDS = 3
"""Fixes on top of each other; more are another network."""
MOST_WHOLE = 4
"""Whole runs in a round."""


class Search:
    """Looks for configs that fix one original, on the seed of its first run.

    Attributes:
        tried: Every run, in the order of trying.
        refused: Suggestions that cannot be made, each with the reason.
    """

    def __init__(self, trials: Trials, target: Target, original: Entrant, *, seed: int, overrides: Sequence[str]) -> None:
        self._trials, self._target, self._original = trials, target, original
        self._seed, self._overrides = seed, tuple(overrides)
        self.tried: list[Entrant] = []
        self.refused: dict[str, None] = {}

    def look(self, *, safe_only: bool, limit: float) -> list[Entrant]:
        """Whole runs, best first.

        Args:
            limit: Up to which `Trials.spent` may go.
        """
        base, whole = self._original, list[Entrant]()
        for _ in range(MOST_ROUNDS):
            whole = sort_entrants([*whole, *self._race(base, safe_only=safe_only, limit=limit)], self._target)
            if not whole or self._target.is_met(whole[0].result) or not self._is_step(base, whole[0]):
                break
            base = whole[0]
        return self._strip(whole, limit=limit)

    def _race(self, base: Entrant, *, safe_only: bool, limit: float) -> list[Entrant]:
        """Whole runs of one round: of the best in short runs, until one is good enough."""
        queue, whole = self._line_up(base, safe_only=safe_only, limit=limit), list[Entrant]()
        while queue and len(whole) < MOST_WHOLE:
            room = int(limit - self._trials.spent)
            batch = queue[: 1 if leads_clearly(queue) else MOST_AT_ONCE][:room]
            if not batch:
                break
            del queue[: len(batch)]
            whole = sort_entrants([*whole, *self._enter([e.candidate for e in batch])], self._target)
            self._trials.watcher.leads(whole[0].candidate.titles[-1], whole[0].result.metric)
            met = self._target.is_met(whole[0].result)
            if is_good_enough(whole[0].result, self._target) or (not met and self._is_step(base, whole[0])):
                break
        return whole

    def _line_up(self, base: Entrant, *, safe_only: bool, limit: float) -> list[Entrant]:
        """What a round tries, the most promising first; a lone candidate needs no race, and nor does overfitting.

        A rise of the validation loss comes late in a run: short ones do not show it.
        """
        candidates = self._list_candidates(base, safe_only=safe_only)
        room = limit - self._trials.spent
        if len(candidates) == 1 or self._target.by_loss:
            return [Entrant(candidate, base.result, 0.0) for candidate in candidates]
        short = int((room - 1) / SHORT)
        if short < 2:
            return [Entrant(candidate, base.result, 0.0) for candidate in candidates]
        entrants = run_short(self._trials, candidates[:short], seed=self._seed)
        self._keep(entrants)
        return [entrant for entrant in entrants if self._is_affordable(entrant, limit=limit)]

    def _list_candidates(self, base: Entrant, *, safe_only: bool) -> list[Candidate]:
        suggestions = list_suggestions(list_grave(base.result.findings, severity=self._target.severity))
        proposals = propose(base.candidate, suggestions, overrides=self._overrides)
        self.refused.update(dict.fromkeys(proposals.refused))
        known = {entrant.candidate.text for entrant in self.tried}
        new = [candidate for candidate in proposals.candidates if candidate.text not in known]
        return [c for c in new if not safe_only or c.safety is Safety.SAFE][:MOST_ENTRANTS]

    def _enter(self, candidates: Sequence[Candidate]) -> list[Entrant]:
        entrants = enter(self._trials, candidates, seed=self._seed, stage="whole run")
        self._keep(entrants)
        return entrants

    def _keep(self, entrants: Sequence[Entrant]) -> None:
        """Note each in its order of entry; a whole run takes the place of the short one."""
        for entrant in sorted(entrants, key=lambda e: e.candidate.place):
            self.tried = [e for e in self.tried if e.candidate.text != entrant.candidate.text]
            self.tried.append(entrant)

    def _is_affordable(self, entrant: Entrant, *, limit: float) -> bool:
        """Whether a whole run and what its proof takes beyond that of a run of the usual length are within the limit."""
        length = self._trials.length_of(entrant.result)
        return length + PROOF_SEEDS * max(0.0, length - 1) <= limit - self._trials.spent

    def _is_step(self, base: Entrant, entrant: Entrant) -> bool:
        """Whether a whole run is better than what it was made from, so that it is worth going on from there."""
        before = stand_in(base.result, entrant.result)
        return bool(value_of(entrant) >= before + LEAST_GAIN)

    def _strip(self, whole: list[Entrant], *, limit: float) -> list[Entrant]:
        """Leave out of the best what it does as well without (design 4 §5)."""
        while whole and len(whole[0].candidate.fixes) > 1:
            best = whole[0]
            options = (
                without(best.candidate, index, original=self._original.candidate.text, overrides=self._overrides)
                for index in range(len(best.candidate.fixes))
            )
            known = {entrant.candidate.text for entrant in whole}
            leaner = [option for option in options if option is not None and option.text not in known]
            room = int(limit - self._trials.spent)
            runs = self._enter(leaner[:room])
            good = [e for e in runs if self._is_as_good(e, best)]
            whole = sort_entrants([*good, *whole], self._target) if good else whole
            if whole[0] is best:
                break
        return whole

    def _is_as_good(self, entrant: Entrant, best: Entrant) -> bool:
        meets = self._target.is_met(entrant.result) or not self._target.is_met(best.result)
        return meets and value_of(entrant) >= value_of(best) - TOLERANCE
