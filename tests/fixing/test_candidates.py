from __future__ import annotations

from dataclasses import replace

import pytest

from gradcheck_cli.config.edits import Edit, EditConflict, EditOp
from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.fixing.candidates import (
    Candidate,
    Suggestion,
    change,
    compare_lengths,
    list_suggestions,
    propose,
    suggest_again,
    without,
)
from gradcheck_cli.rules.base import Fix, Safety
from tests.fixing.results import (
    CAUSE,
    DECAY,
    LONGER,
    LOWER,
    LOWEST,
    MOMENTUM,
    OTHER,
    RELU,
    TEXT,
    make_candidate,
    make_fault,
    setting,
)

ORIGINAL = Candidate(TEXT)
ADVICE = Fix("Collect more data", Safety.ADVICE)
NORM = Fix("Add LayerNorm", Safety.UNSAFE, "", (Edit(EditOp.INSERT, "model.layers[1]", "LayerNorm"),))


def suggest(*fixes: Fix, rule: str = CAUSE) -> list[Suggestion]:
    return [Suggestion(fix, rule) for fix in fixes]


def test_advice_is_no_candidate_and_equal_edits_are_one() -> None:
    renamed = replace(LOWER, title="Take smaller steps")
    findings = [make_fault(ADVICE, LOWER), make_fault(renamed, RELU, code=OTHER)]
    assert list_suggestions(findings) == (Suggestion(LOWER, CAUSE), Suggestion(RELU, OTHER))


def test_each_suggestion_is_made_on_the_text() -> None:
    proposals = propose(ORIGINAL, [*suggest(LOWER), *suggest(RELU, rule=OTHER)])
    first, second = proposals.candidates
    assert first.text == TEXT.replace("lr: 0.1", "lr: 0.01")
    assert second.text == TEXT.replace("Sigmoid", "ReLU")
    assert (first.titles, first.safety, first.rules, first.place) == ((LOWER.title,), Safety.SAFE, (CAUSE,), 0)
    assert (second.titles, second.safety, second.rules, second.place) == ((RELU.title,), Safety.UNSAFE, (OTHER,), 1)
    assert proposals.refused == ()


def test_suggestions_add_to_what_a_better_config_has_already() -> None:
    (both,) = propose(make_candidate(LOWER), suggest(RELU, rule=OTHER)).candidates
    assert both.text == TEXT.replace("lr: 0.1", "lr: 0.01").replace("Sigmoid", "ReLU")
    assert both.fixes == (LOWER, RELU)
    assert both.rules == (CAUSE, OTHER)
    assert both.safety is Safety.UNSAFE


def test_fix_is_not_made_twice_nor_one_that_changes_nothing() -> None:
    nothing = setting("optimizer.lr", 0.1)
    again = setting("optimizer.lr", 0.001, title=LOWER.title)
    assert propose(ORIGINAL, suggest(nothing)).candidates == ()
    assert propose(make_candidate(LOWER), suggest(again)).candidates == ()
    same_text = setting("optimizer", {"type": "SGD", "lr": 0.01}, title="Another optimizer")
    assert [c.titles for c in propose(ORIGINAL, suggest(LOWER, same_text)).candidates] == [(LOWER.title,)]


def test_suggestion_that_does_not_fit_is_refused_with_its_reason_and_the_others_stay() -> None:
    nowhere = setting("model.layers[9]", "ReLU", title="Replace the tenth layer")
    invalid = setting("optimizer.lr", -1, title="Go backwards")
    proposals = propose(ORIGINAL, suggest(nowhere, invalid, LOWER))
    assert [candidate.titles for candidate in proposals.candidates] == [(LOWER.title,)]
    assert [reason.partition(":")[0] for reason in proposals.refused] == ["Replace the tenth layer", "Go backwards"]
    assert all(reason.partition(": ")[2] for reason in proposals.refused)


def test_suggestion_that_the_command_line_would_undo_is_refused() -> None:
    proposals = propose(ORIGINAL, suggest(LOWER, MOMENTUM), overrides=("optimizer.lr=0.5",))
    assert [candidate.titles for candidate in proposals.candidates] == [(MOMENTUM.title,)]
    assert "undoes it" in proposals.refused[0]


def test_change_says_what_is_wrong() -> None:
    with pytest.raises(EditConflict):
        change(TEXT, setting("model.layers[9]", "ReLU"))
    with pytest.raises(GradcheckError, match="lr"):
        change(TEXT, setting("optimizer.lr", -1))
    aliased = TEXT.replace("lr: 0.1", "lr: &rate 0.1, momentum: *rate")
    with pytest.raises(EditConflict):
        change(aliased, MOMENTUM)


def test_change_keeps_comments_and_all_other_lines() -> None:
    changed = change(TEXT, LOWER).splitlines()
    assert [number for number, line in enumerate(TEXT.splitlines()) if line != changed[number]] == [7]
    assert "# the hidden layer" in changed[3]


def test_variants_change_the_same_places() -> None:
    assert make_candidate(LOWER).is_variant_of(make_candidate(LOWEST))
    assert not make_candidate(LOWER).is_variant_of(make_candidate(MOMENTUM))
    assert not make_candidate(LOWER).is_variant_of(make_candidate(LOWER, MOMENTUM))
    assert make_candidate(LOWER, MOMENTUM).is_variant_of(make_candidate(LOWEST, MOMENTUM))
    assert not ORIGINAL.is_variant_of(ORIGINAL)


def test_fix_is_left_out_of_several() -> None:
    three = make_candidate(LOWER, RELU, DECAY)
    leaner = without(three, 1, original=TEXT)
    assert leaner is not None
    assert leaner.text == make_candidate(LOWER, DECAY).text
    assert (leaner.fixes, leaner.rules) == ((LOWER, DECAY), (CAUSE, CAUSE))
    assert leaner.safety is Safety.SAFE


def test_fix_that_others_rest_on_cannot_be_left_out() -> None:
    removed = Fix("Remove the norm", Safety.UNSAFE, "", (Edit(EditOp.REMOVE, "optimizer.momentum"),))
    assert without(make_candidate(MOMENTUM, removed), 0, original=TEXT) is None


def test_inserted_layer_moves_the_places_of_later_fixes() -> None:
    later = setting("model.layers[2]", "ReLU", safety=Safety.UNSAFE)
    assert without(make_candidate(NORM, later), 0, original=TEXT) is None
    first = without(make_candidate(NORM, LOWER), 0, original=TEXT)
    assert first is not None
    assert first.text == make_candidate(LOWER).text


def test_rules_suggest_anew_for_a_changed_config() -> None:
    stuck = make_fault(LOWER, code="GC304")
    at_first = suggest_again([stuck], TEXT)
    later = suggest_again([stuck], TEXT.replace("lr: 0.1", "lr: 1e-9"))
    assert at_first
    assert later
    assert at_first != later
    assert LOWER not in [suggestion.fix for suggestion in at_first], "the rule's own, not those of the finding"
    assert suggest_again([make_fault(LOWER)], TEXT) == (), "its rule has only advice"
    assert suggest_again([stuck], TEXT.replace("SGD", "SGDD")) == ()


@pytest.mark.parametrize(
    ("old", "new", "length"),
    [
        ("epochs: 4", "epochs: 16", 4.0),
        ("epochs: 4", "epochs: 4, batch_size: 8", 4.0),
        ("epochs: 4", "epochs: 4, max_steps: 50", 1.0),
        ("lr: 0.1", "lr: 0.01", 1.0),
    ],
)
def test_length_follows_from_the_config(old: str, new: str, length: float) -> None:
    text = TEXT.replace("epochs: 4", "epochs: 4, batch_size: 32") if "batch_size" in new else TEXT
    new = new.removeprefix("epochs: 4, ") if "batch_size" in new else new
    old = "batch_size: 32" if "batch_size" in new else old
    assert compare_lengths(text, text.replace(old, new)) == length


def test_candidate_knows_how_much_longer_it_takes() -> None:
    (longer,) = propose(ORIGINAL, suggest(LONGER)).candidates
    assert longer.length == 2.0
    (both,) = propose(longer, suggest(LOWER)).candidates
    assert both.length == 2.0
    leaner = without(both, 0, original=TEXT)
    assert leaner is not None
    assert leaner.length == 1.0
