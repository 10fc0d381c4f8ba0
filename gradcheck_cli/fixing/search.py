"""From the original's run to configs that are worth a proof: rounds of races within a budget; it proves none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from gradcheck_cli.fixing.candidates import Candidate, list_suggestions, propose, suggest_again, without
from gradcheck_cli.fixing.proof import PROOF_SEEDS
from gradcheck_cli.fixing.race import (
    MOST_ENTRANTS,
    SHORT,
    Entrant,
    enter,
    is_clearly_behind,
    is_good_enough,
    leads_clearly,
    sort_entrants,
    value_of,
)
from gradcheck_cli.fixing.target import Target, list_grave
from gradcheck_cli.fixing.trials import Trials
from gradcheck_cli.fixing.verdict import LEAST_GAIN, TOLERANCE, stand_in
from gradcheck_cli.rules.base import Safety

MOST_FIXES = 3
"""On top of each other; more make another network."""
MOST_WHOLE = 4
"""Whole runs in a round, but for cheap ones."""
CHEAP = 0.6
"""Cost of a whole run, in those of the original, up to which trying on from it takes little."""


class Search:
    """Looks for configs that fix one original, on the seed of its first run.

    Attributes:
        tried: Every run, in the order of trying.
        refused: Suggestions that cannot be made, each with the reason.
        too_dear: Titles of what was left out because the budget could not pay for it and its proof.
        is_original_proven: Whether the original has been run on the fresh seeds, so that a proof costs that much less.
    """

    def __init__(
        self,
        trials: Trials,
        target: Target,
        original: Entrant,
        *,
        seed: int,
        overrides: Sequence[str],
        budget: float,
    ) -> None:
        self._trials, self._target, self._original = trials, target, original
        self._seed, self._overrides, self._budget = seed, tuple(overrides), budget
        self.tried: list[Entrant] = []
        self.refused: dict[str, None] = {}
        self.too_dear: dict[tuple[str, ...], None] = {}
        self.is_original_proven = False

    def look(self, *, prefer_safe: bool, base: Entrant | None = None) -> list[Entrant]:
        """Whole runs, best first, as many as the budget allows beside a proof.

        Args:
            prefer_safe: Give the best safe fix a whole run wherever it is not far behind, since only that may be taken.
            base: What to go on from; the original by default.
        """
        start = base or self._original
        base, whole = start, list[Entrant]()
        while len(base.candidate.fixes) < MOST_FIXES:
            whole = sort_entrants([*whole, *self._race(base, prefer_safe=prefer_safe)], self._target)
            if not whole or whole[0] is base or not self._is_worth_a_round(base, whole[0]):
                break
            base = whole[0]
        return self._strip(whole)

    def room(self, base: Entrant) -> float:
        """Cost that may go into more runs, so that a proof of a config as long as `base` can still be paid."""
        return self._budget - self._trials.spent - self.cost_of_proof(base)

    def can_expect_proof(self, entrant: Entrant) -> bool:
        """Whether a proof is within the budget if its runs are as long as those on the search seed."""
        trials, original = self._trials, 0.0 if self.is_original_proven else 1.0
        runs = trials.cost_of(entrant.result) + original * trials.cost_of(self._original.result)
        return trials.spent + PROOF_SEEDS * runs <= self._budget

    def cost_of_proof(self, entrant: Entrant) -> float:
        """The most that a proof can cost: whole runs of both, even where those on the search seed ended early."""
        length = entrant.candidate.length
        original = 0.0 if self.is_original_proven else 1.0
        control = length if length > 1 else 0.0
        return PROOF_SEEDS * (length + original + control)

    def _race(self, base: Entrant, *, prefer_safe: bool) -> list[Entrant]:
        """Whole runs of one round: of the best in short runs, until one is good enough."""
        queue, whole = self._line_up(base), list[Entrant]()
        most = MOST_WHOLE if not self._is_cheap(base) else MOST_ENTRANTS
        leader = queue[0] if queue else base
        while queue and len(whole) < most:
            if whole and self._is_step(base, whole[0]) and is_clearly_behind(queue[0], leader):
                break
            pace = self._trials.cost_of(base.result) if self._is_cheap(base) else 1.0
            batch = self._choose_batch(queue, first=not whole, prefer_safe=prefer_safe)
            batch = self._pay_for(batch, self.room(base), pace=pace)
            if not batch:
                break
            queue = [entrant for entrant in queue if entrant not in batch]
            entered = self._enter([e.candidate for e in batch])
            whole = sort_entrants([*whole, *entered], self._target)
            queue = [entrant for entrant in queue if not any(_shares_fate(entrant, other) for other in entered)]
            self._trials.watcher.leads(whole[0].candidate.titles[-1], whole[0].result.metric)
            if is_good_enough(whole[0].result, self._target) or self._calls_for_a_round(base, whole[0]):
                break
        return whole

    def _choose_batch(self, queue: Sequence[Entrant], *, first: bool, prefer_safe: bool) -> list[Entrant]:
        """What is run whole next: the best and the best of another kind, or the best alone where it is far ahead.

        In a round's first batch the best fix of the cause itself has a place, however its short run went: a general
        recipe may be faster at the start and hide the fault instead of mending it.
        """
        if self._target.by_loss:
            return list(queue[:1])
        others = [entrant for entrant in queue[1:] if not entrant.candidate.is_variant_of(queue[0].candidate)]
        batch = [queue[0], *([] if leads_clearly(queue) else (others or queue[1:])[:1])]
        of_cause = [entrant for entrant in queue if entrant.candidate.rules[-1] == self._target.rule]
        if first and of_cause and not any(entrant in batch for entrant in of_cause):
            batch = [queue[0], of_cause[0]]
        safe = [entrant for entrant in queue if entrant.candidate.safety is Safety.SAFE]
        if prefer_safe and safe and not any(entrant in safe for entrant in batch):
            batch = batch if is_clearly_behind(safe[0], queue[0]) else [queue[0], safe[0]]
        return batch

    def _line_up(self, base: Entrant) -> list[Entrant]:
        """What a round tries, the most promising first; a lone candidate needs no race, and nor does overfitting.

        A rise of the validation loss comes late in a run: short ones do not show it.
        """
        candidates = self._list_candidates(base)
        entrants = [Entrant(candidate, base.result, 0.0) for candidate in candidates]
        entrants = [entrant for entrant in entrants if self._is_affordable(entrant)]
        racing = self._pay_for(entrants, self.room(base) - 1, pace=SHORT)
        if len(entrants) == 1 or self._target.by_loss or len(racing) < 2:
            return entrants
        return sort_entrants(self._enter([entrant.candidate for entrant in racing], share=SHORT))

    def _list_candidates(self, base: Entrant) -> list[Candidate]:
        suggestions = list_suggestions(list_grave(base.result.findings, severity=self._target.severity))
        if base is not self._original:
            first = list_grave(self._original.result.findings, severity=self._target.severity)
            again = suggest_again(first, base.candidate.text, overrides=self._overrides)
            # What helps against overfitting is known from the original; a network that stops in time shows it no more.
            suggestions = (*again, *suggestions) if self._target.by_loss else (*suggestions, *again)
        proposals = propose(base.candidate, suggestions, overrides=self._overrides)
        self.refused.update(dict.fromkeys(proposals.refused))
        known = {entrant.candidate.text for entrant in self.tried}
        new = [candidate for candidate in proposals.candidates if candidate.text not in known]
        if self._target.by_loss:
            # What stops in time costs the least, and makes what is tried on top of it as cheap.
            new.sort(key=lambda candidate: not _stops_early(candidate))
        return new[:MOST_ENTRANTS]

    def _enter(self, candidates: Sequence[Candidate], *, share: float = 1.0) -> list[Entrant]:
        return enter(self._trials, candidates, seed=self._seed, share=share, on_entrant=self._keep)

    def _keep(self, entrant: Entrant) -> None:
        """Note a run; a whole one takes the place of the short one."""
        self.tried = [e for e in self.tried if e.candidate.text != entrant.candidate.text]
        self.tried.append(entrant)

    def _is_affordable(self, entrant: Entrant) -> bool:
        """Whether a whole run and its proof can be paid."""
        spent = self._trials.spent + entrant.candidate.length + self.cost_of_proof(entrant)
        if spent > self._budget:
            self.too_dear[entrant.candidate.titles] = None
        return spent <= self._budget

    @staticmethod
    def _pay_for(entrants: Sequence[Entrant], room: float, *, pace: float = 1.0) -> list[Entrant]:
        """The first of them whose runs fit into the room; each costs its length times `pace`."""
        costs = accumulate(entrant.candidate.length * pace for entrant in entrants)
        return [entrant for entrant, cost in zip(entrants, costs, strict=True) if cost <= room]

    def _is_worth_a_round(self, base: Entrant, best: Entrant) -> bool:
        return not is_good_enough(best.result, self._target) and self._is_step(base, best)

    def _calls_for_a_round(self, base: Entrant, best: Entrant) -> bool:
        """Whether to go on from the best instead of trying others beside it: it lacks something, or costs little."""
        lacking = not self._target.is_done(best.result) or self._is_cheap(best)
        return lacking and self._is_worth_a_round(base, best)

    def _is_cheap(self, entrant: Entrant) -> bool:
        return entrant is not self._original and self._trials.cost_of(entrant.result) <= CHEAP

    def _is_step(self, base: Entrant, entrant: Entrant) -> bool:
        """Whether a whole run is better than what it was made from, so that it is worth going on from there."""
        before = stand_in(base.result, entrant.result)
        return bool(value_of(entrant) >= before + LEAST_GAIN)

    def _strip(self, whole: list[Entrant]) -> list[Entrant]:
        """Leave out of the best what it does as well without (design 4 §5)."""
        while whole and len(whole[0].candidate.fixes) > 1:
            best = whole[0]
            options = (
                without(best.candidate, index, original=self._original.candidate.text, overrides=self._overrides)
                for index in range(len(best.candidate.fixes))
            )
            known = {entrant.candidate.text for entrant in whole}
            leaner = [option for option in options if option is not None and option.text not in known]
            payable = self._pay_for([Entrant(option, best.result, 0.0) for option in leaner], self.room(best))
            runs = self._enter([entrant.candidate for entrant in payable])
            good = [e for e in runs if self._is_as_good(e, best)]
            whole = sort_entrants([*good, *whole], self._target) if good else whole
            if whole[0] is best:
                break
        return whole

    def _is_as_good(self, entrant: Entrant, best: Entrant) -> bool:
        meets = self._target.is_done(entrant.result) or not self._target.is_done(best.result)
        return meets and value_of(entrant) >= value_of(best) - TOLERANCE


def _stops_early(candidate: Candidate) -> bool:
    return any(edit.path.startswith("trainer.early_stopping") for edit in candidate.fixes[-1].edits)


def _shares_fate(entrant: Entrant, other: Entrant) -> bool:
    """Whether another failed that is of the same kind, so that this one is not worth its run."""
    return bool(other.result.failed) and entrant.candidate.is_variant_of(other.candidate)
