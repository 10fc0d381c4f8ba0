"""Findings -> configs worth trying: suggestions made on the text, those that do not fit left out; it trains none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import apply_edits, apply_to_data
from gradcheck_cli.config.kinds import same_data
from gradcheck_cli.config.loading import load_config, parse_config
from gradcheck_cli.config.schema import TrainerConfig
from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.rules.base import Finding, Fix, Safety
from gradcheck_cli.rules.selection import configure


@dataclass(frozen=True)
class Candidate:
    """A config to try.

    Attributes:
        text: The whole config.
        fixes: What was done to the original, in order; none for the original itself.
        rules: Code of the finding that suggested each of them.
        place: Where it stands among its like, from 0: fixes of causes before those of consequences, and each rule's
            own order.
        length: Optimizer steps of a whole run over those of the original, as far as the configs tell.
    """

    text: str
    fixes: tuple[Fix, ...] = ()
    rules: tuple[str, ...] = ()
    place: int = 0
    length: float = 1.0

    @property
    def safety(self) -> Safety:
        """Unsafe where one of its fixes is."""
        return Safety.UNSAFE if any(fix.safety is Safety.UNSAFE for fix in self.fixes) else Safety.SAFE

    @property
    def titles(self) -> tuple[str, ...]:
        """Of its fixes."""
        return tuple(fix.title for fix in self.fixes)

    def is_variant_of(self, other: Candidate) -> bool:
        """Whether it changes the same places in the same way, to other values: another activation, another rate."""
        same_number = len(self.fixes) == len(other.fixes) > 0
        return same_number and all(map(_same_places, self.fixes, other.fixes))


@dataclass(frozen=True)
class Suggestion:
    """A fix and the code of the finding that it comes with."""

    fix: Fix
    rule: str


@dataclass(frozen=True)
class Proposals:
    """Candidates in their order, and why other suggestions are none."""

    candidates: tuple[Candidate, ...]
    refused: tuple[str, ...] = ()


def list_suggestions(findings: Iterable[Finding]) -> tuple[Suggestion, ...]:
    """The fixes of ranked findings that can be made, those with equal edits once."""
    kept: list[Suggestion] = []
    for finding in findings:
        for fix in finding.fixes:
            if fix.edits and not any(fix.edits == other.fix.edits for other in kept):
                kept.append(Suggestion(fix, finding.rule))
    return tuple(kept)


def suggest_again(findings: Iterable[Finding], text: str, *, overrides: Sequence[str] = ()) -> tuple[Suggestion, ...]:
    """What the rules suggest against findings of another config, now that the config is `text`."""
    config, _ = parse_config(parse_document(text, source="", overrides=overrides))
    if config is None:
        return ()
    rules = {rule.code: configured.rule for rule, configured in configure(config.diagnostics).items()}
    renewed = (replace(f, fixes=tuple(rules[f.rule].fixes(f, config))) for f in findings if f.rule in rules)
    return list_suggestions(renewed)


def propose(base: Candidate, suggestions: Sequence[Suggestion], *, overrides: Sequence[str] = ()) -> Proposals:
    """Make each suggestion on the text of `base`.

    Args:
        overrides: `KEY=VALUE` as of `--set`; a suggestion that they would undo is refused.

    Returns:
        Candidates whose config can be read, each text once, none equal to that of `base`, and no fix twice.
    """
    candidates: list[Candidate] = []
    refused: list[str] = []
    known = {base.text}
    for suggestion in suggestions:
        if suggestion.fix.title in base.titles:
            continue
        try:
            text = change(base.text, suggestion.fix, overrides=overrides)
        except GradcheckError as error:
            refused.append(f"{suggestion.fix.title}: {error.problems[0].message}")
            continue
        if text in known:
            continue
        known.add(text)
        fixes, rules = (*base.fixes, suggestion.fix), (*base.rules, suggestion.rule)
        length = base.length * compare_lengths(base.text, text, overrides=overrides)
        candidates.append(Candidate(text, fixes, rules, len(candidates), length))
    return Proposals(tuple(candidates), tuple(refused))


def change(text: str, fix: Fix, *, overrides: Sequence[str] = ()) -> str:
    """The text with the edits of a fix.

    Raises:
        EditConflict: They do not fit.
        ConfigError: The result is no config any more.
        GradcheckError: `overrides` undo them.
    """
    before = parse_document(text, source="", overrides=overrides)
    changed = apply_edits(text, fix.edits)
    after = parse_document(changed, source="", overrides=overrides)
    if not same_data(after.data, apply_to_data(before.data, fix.edits)):
        raise GradcheckError("an override of the command line (`--set` and its like) undoes it")
    _, problems = parse_config(after)
    if problems:
        raise GradcheckError(problems)
    return changed


def without(candidate: Candidate, index: int, *, original: str, overrides: Sequence[str] = ()) -> Candidate | None:
    """The candidate with one of its fixes left out; None where the others cannot be made without it."""
    text = original
    kept = [number for number in range(len(candidate.fixes)) if number != index]
    if any(_moves_places(candidate.fixes[index]) and _names_places(candidate.fixes[number]) for number in kept):
        return None
    try:
        for number in kept:
            text = change(text, candidate.fixes[number], overrides=overrides)
    except GradcheckError:
        return None
    fixes = tuple(candidate.fixes[number] for number in kept)
    rules = tuple(candidate.rules[number] for number in kept)
    return Candidate(text, fixes, rules, candidate.place, compare_lengths(original, text, overrides=overrides))


def compare_lengths(one: str, other: str, *, overrides: Sequence[str] = ()) -> float:
    """Optimizer steps of another config over those of one; the most that they can be where two limits apply."""
    before, after = (_read_trainer(text, overrides) for text in (one, other))
    rows = before.batch_size * before.accumulate_grad_batches / (after.batch_size * after.accumulate_grad_batches)
    pairs = ((before.epochs, after.epochs, rows), (before.max_steps, after.max_steps, 1.0))
    return max((new / old * factor for old, new, factor in pairs if old and new), default=1.0)


def _read_trainer(text: str, overrides: Sequence[str]) -> TrainerConfig:
    return load_config(parse_document(text, source="", overrides=overrides)).trainer


def _same_places(one: Fix, other: Fix) -> bool:
    return [(edit.op, edit.path) for edit in one.edits] == [(edit.op, edit.path) for edit in other.edits]


def _moves_places(fix: Fix) -> bool:
    """Whether a fix shifts the indexes that paths of later ones may name."""
    return any(edit.path.endswith("]") for edit in fix.edits)


def _names_places(fix: Fix) -> bool:
    return any("[" in edit.path for edit in fix.edits)
