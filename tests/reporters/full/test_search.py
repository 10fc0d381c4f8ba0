"""Tests of what the text report says of a search for a fix: attempts, proof, diff, commands, and nothing too much."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.diagnosis.fix_report import DEFAULT_BUDGET, FIXED_FILE, Attempt, FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.reporters.cell_width import measure
from gradcheck_cli.reporters.full import render
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.rules.base import Evidence, Safety, Severity, Spread, Verdict, VerdictOutcome
from tests.histories import make_finding, make_report

BEFORE = "model:\n  layers:\n    - Sigmoid  # the old choice\noptimizer: {type: SGD, lr: 0.1}\n"
AFTER = BEFORE.replace("- Sigmoid", "- ReLU")
SLOWER = BEFORE.replace("lr: 0.1", "lr: 0.01")
RELU = "Use ReLU in place of Sigmoid"

BAD, GOOD = Spread(0.1, 0.001), Spread(0.95, 0.01)


def make_verdict(outcome: VerdictOutcome = VerdictOutcome.FIXED, **fields: Any) -> Verdict:
    verdict = Verdict(outcome, 3, before=BAD, after=GOOD, control=BAD, symptom_gone=True, gain_shown=True)
    return replace(verdict, **fields)


def make_attempt(title: str = RELU, **fields: Any) -> Attempt:
    """A whole run of an unsafe fix, not proven."""
    return replace(Attempt((title,), Safety.UNSAFE, "GC101", 1.0, 0.96, text=AFTER), **fields)


def make_search(outcome: FixOutcome = FixOutcome.FIXED, **fields: Any) -> FixReport:
    """A proven fix beside a short run that was left behind; `fields` replace those of the report."""
    chosen = make_attempt(verdict=make_verdict())
    left = make_attempt("Lower the learning rate", safety=Safety.SAFE, share=0.25, metric=0.11, text=SLOWER)
    fix = FixReport(
        outcome,
        cost=7.44,
        applied=chosen.titles,
        before=BAD,
        after=GOOD,
        metric=0.1,
        budget=DEFAULT_BUDGET,
        attempts=(left, chosen),
        chosen=chosen,
    )
    return replace(fix, **fields)


def make_nothing(**fields: Any) -> FixReport:
    """A search that proved nothing."""
    best = make_attempt(metric=0.3)
    return make_search(
        FixOutcome.NOTHING_WORKED,
        **{"applied": (), "chosen": None, "before": None, "after": None, "attempts": (best,), "best": best} | fields,
    )


def make_fixed(fix: FixReport, *, overrides: tuple[str, ...] = (), **fields: Any) -> Report:
    document = parse_document(BEFORE, source="configs/example.yaml", overrides=overrides)
    return make_report(make_finding(), command="fix", document=document, fix=fix, **fields)


def draw(fix: FixReport, *, page: Page | None = None, **fields: Any) -> str:
    return render(make_fixed(fix, **fields), page=page or Page(100))


def lines_of(fix: FixReport, **fields: Any) -> list[str]:
    return [line.strip() for line in draw(fix, **fields).splitlines()]


def test_a_proven_fix_is_told_with_its_proof_its_diff_and_the_command() -> None:
    lines = lines_of(make_search())
    start = lines.index(f"✓ Fixed: {RELU} [unsafe]")
    assert lines[start + 1 : start + 9] == [
        "accuracy 0.100 ± 0.001 to 0.950 ± 0.010 on 3 fresh seeds; GC101 is gone.",
        "layers:",
        "-     - Sigmoid  # the old choice",
        "+     - ReLU  # the old choice",
        "optimizer: {type: SGD, lr: 0.1}",
        "Apply it:",
        "gradcheck fix configs/example.yaml --unsafe-fixes --write",
        "It took 7.4 of 12 full runs.",
    ]


@pytest.mark.parametrize(
    ("budget", "shown"), [(12.0, "7.4 of 12"), (30.0, "7.4 of 30"), (7.5, "7.4 of 7.5"), (math.inf, "7.4")]
)
def test_the_cost_is_told_beside_the_budget(budget: float, shown: str) -> None:
    for fix in (make_search(budget=budget), make_nothing(budget=budget)):
        assert f"It took {shown} full runs." in lines_of(fix)


def test_unicode_is_not_needed_for_a_spread() -> None:
    drawn = draw(make_search(), page=Page(100, unicode=False))
    assert "accuracy 0.100 +- 0.001 to 0.950 +- 0.010 on 3 fresh seeds" in drawn
    assert "0.100 +- 0.001 to 0.950 +- 0.010: fixed" in drawn


def test_attempts_stand_in_a_table_what_went_furthest_first() -> None:
    lines = lines_of(make_search())
    start = next(index for index, line in enumerate(lines) if line.startswith("tried"))
    assert re.split(r"  +", lines[start]) == ["tried, from 0.100", "trained", "accuracy"]
    first, second = (re.split(r"  +", line) for line in lines[start + 1 : start + 3])
    assert first == [f"{RELU} [unsafe]", "3 seeds", "0.100 ± 0.001 to 0.950 ± 0.010: fixed"]
    assert second == ["Lower the learning rate [safe]", "1/4", "0.110"]


def test_a_table_of_attempts_takes_the_place_of_the_suggestions() -> None:
    drawn = draw(make_search())
    assert "fix       " not in drawn
    assert "gradient: norm" not in drawn


def test_a_safe_fix_needs_no_flag_and_a_saved_one_is_copied() -> None:
    chosen = make_attempt("Lower the learning rate", safety=Safety.SAFE, text=SLOWER, verdict=make_verdict())
    lines = lines_of(make_search(chosen=chosen, attempts=(chosen,)), run_dir=Path("runs/a b"))
    start = lines.index("Apply it:")
    assert lines[start + 1 : start + 4] == [
        f"cp 'runs/a b/{FIXED_FILE}' configs/example.yaml",
        "or search again and write it:",
        "gradcheck fix configs/example.yaml --write",
    ]


def test_a_written_fix_names_the_file_and_no_command() -> None:
    drawn = draw(make_search(output=Path("fixed/example.yaml")))
    assert "Written to fixed/example.yaml" in drawn
    assert "Apply it" not in drawn


def test_what_is_left_is_named_once_and_the_fix_is_only_an_improvement() -> None:
    left = make_finding("GC305", "oscillating-loss", severity=Severity.WARNING)
    drawn = draw(make_search(FixOutcome.IMPROVED, remaining=(left, left)))
    assert f"! Improved, but not healthy yet: {RELU} [unsafe]" in drawn
    assert "still there: GC305 oscillating-loss." in drawn
    assert "is gone" not in drawn
    assert "✓ Fixed" not in drawn


def test_a_fix_of_overfitting_tells_the_validation_loss() -> None:
    finding = make_finding("GC401", "overfitting", evidence=(Evidence("rise", 2.0, 0.1, ""),))
    fix = make_search(validation_loss_before=Spread(2.5, 0.2), validation_loss_after=Spread(0.5, 0.1))
    report = make_report(finding, command="fix", fix=fix)
    assert "final validation loss 2.500 ± 0.200 to 0.500 ± 0.100" in render(report, page=Page(120)).replace("\n ", "")
    assert "final validation loss" not in draw(fix)


def test_a_longer_fix_is_compared_with_as_long_a_run_without_it() -> None:
    longer = make_attempt(verdict=make_verdict(control=Spread(0.4, 0.02)))
    assert "(as long without it 0.400 ± 0.020)" in draw(make_search(chosen=longer, attempts=(longer,)))
    assert "as long without it" not in draw(make_search())


def test_an_original_that_could_not_be_trained_has_no_figure() -> None:
    proven = make_attempt(verdict=make_verdict(before=None, control=None))
    drawn = draw(make_search(chosen=proven, attempts=(proven,), metric=math.nan, before=None))
    assert "unknown to 0.950 ± 0.010" in drawn
    assert "tried, from" not in drawn
    assert "nan" not in drawn


@pytest.mark.parametrize(
    ("outcome", "word"), [(VerdictOutcome.NO_EFFECT, "no-effect"), (VerdictOutcome.WORSE, "worse")]
)
def test_what_failed_its_proof_says_so_in_the_table(outcome: VerdictOutcome, word: str) -> None:
    attempt = make_attempt("Use Adam", verdict=make_verdict(outcome, symptom_gone=False, gain_shown=False))
    assert f"0.100 ± 0.001 to 0.950 ± 0.010: {word}" in draw(make_nothing(attempts=(attempt,), best=attempt))


def test_a_run_that_failed_shows_no_number() -> None:
    failed = make_attempt("Use Adam", metric=math.nan, failed="it ended as NaN or Inf", share=0.25)
    row = next(line for line in lines_of(make_nothing(attempts=(failed,), best=None)) if line.startswith("Use Adam"))
    assert re.split(r"  +", row) == ["Use Adam [unsafe]", "1/4", "failed"]


def test_nothing_worked_is_said_plainly_with_the_best_attempt() -> None:
    drawn = draw(make_nothing())
    assert "✗ Nothing worked.\n" in drawn
    assert "It took 7.4 of 12 full runs." in drawn
    assert f"The best attempt: {RELU} [unsafe]: accuracy 0.300, not proven" in drawn
    assert "Apply it" not in drawn
    assert "--write" not in drawn


def test_the_best_of_short_runs_says_how_short() -> None:
    best = make_attempt(metric=0.3, share=0.25)
    drawn = draw(make_nothing(attempts=(best,), best=best), page=Page(120))
    assert "accuracy 0.300 after 1/4 of a run, not proven" in drawn


def test_where_nothing_is_known_to_help_no_table_is_drawn() -> None:
    drawn = draw(make_nothing(attempts=(), best=None, cost=1.0))
    assert "Nothing worked. No change of the config is known to help against it" in drawn
    assert "tried" not in drawn
    assert "best attempt" not in drawn


def test_an_unsafe_fix_that_is_withheld_is_shown_with_the_flag() -> None:
    withheld = make_attempt(verdict=make_verdict())
    lines = lines_of(make_nothing(attempts=(withheld,), withheld=withheld, best=None))
    assert "✗ Nothing worked among the safe fixes." in lines
    assert "It took 7.4 of 12 full runs." in lines
    assert f"With --unsafe-fixes: {RELU} [unsafe]" in lines
    assert "+     - ReLU  # the old choice" in lines
    assert lines[lines.index("Take it:") + 1] == "gradcheck fix configs/example.yaml --unsafe-fixes --write"


def test_an_unsafe_fix_that_is_withheld_is_shown_beside_a_chosen_one() -> None:
    chosen = make_attempt("Lower the learning rate", safety=Safety.SAFE, text=SLOWER, verdict=make_verdict())
    withheld = make_attempt(verdict=make_verdict(after=Spread(0.99, 0.002)))
    fix = make_search(FixOutcome.IMPROVED, chosen=chosen, attempts=(chosen, withheld), withheld=withheld)
    lines = lines_of(fix)
    improved = lines.index("! Improved, but not healthy yet: Lower the learning rate [safe]")
    unsafe = lines.index(f"With --unsafe-fixes: {RELU} [unsafe]")
    assert improved < unsafe
    assert lines[improved + 1 : unsafe].count("gradcheck fix configs/example.yaml --write") == 1
    assert lines[unsafe + 1] == "accuracy 0.100 ± 0.001 to 0.990 ± 0.002 on 3 fresh seeds; GC101 is gone."
    assert lines[lines.index("Take it:") + 1] == "gradcheck fix configs/example.yaml --unsafe-fixes --write"
    assert "best attempt" not in draw(fix)


def test_several_fixes_are_told_in_their_order() -> None:
    both = make_attempt(titles=("Use ReLU", "Clip the gradient norm"), verdict=make_verdict())
    assert "Fixed: Use ReLU; then: Clip the gradient norm [unsafe]" in draw(make_search(chosen=both, attempts=(both,)))


def test_an_interrupted_search_tells_what_is_known() -> None:
    note = "Interrupted: this is what was known by then."
    drawn = draw(make_nothing(notes=(note,)), status=RunStatus.INTERRUPTED)
    assert "✗ Interrupted.\n" in drawn
    assert "It took 7.4 of 12 full runs." in drawn
    assert "Nothing worked" not in drawn
    assert RELU in drawn
    assert note in drawn


def test_a_healthy_config_is_told_in_one_line() -> None:
    drawn = render(make_report(command="fix", fix=FixReport(FixOutcome.NOTHING_TO_FIX, cost=1.0)))
    assert "Nothing to fix. It took 1.0 full runs." in drawn
    assert "tried" not in drawn


def test_other_commands_say_nothing_of_a_search() -> None:
    drawn = render(make_report(make_finding()))
    assert "full runs" not in drawn
    assert "Nothing" not in drawn


def test_a_long_list_is_cut_unless_verbose_and_never_a_whole_run() -> None:
    short = [make_attempt(f"Try number {n}", share=0.25, metric=0.1 + n / 100) for n in range(6)]
    whole = [make_attempt(f"Run number {n}") for n in range(6)]
    fix = make_nothing(attempts=(*short, *whole))
    brief, verbose = draw(fix), draw(fix, page=Page(100, verbose=True))
    assert all(f"Run number {n} " in brief for n in range(6))
    assert sum(f"Try number {n} " in brief for n in range(6)) == 2
    assert "and 4 more with --verbose" in brief
    assert all(f"Try number {n} " in verbose for n in range(6))
    assert "with --verbose" not in verbose


PAGES = [make_search(), make_nothing(notes=("The budget of 12 full runs leaves none for more.",))]


@pytest.mark.parametrize("fix", PAGES, ids=["fixed", "nothing"])
@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("verbose", [True, False])
def test_no_line_is_wider_than_the_page(fix: FixReport, width: int, unicode: bool, verbose: bool) -> None:
    drawn = draw(fix, page=Page(width, unicode=unicode, verbose=verbose))
    lines = [line for line in drawn.splitlines() if not line.startswith("    gradcheck fix ")]
    assert max(map(measure, lines)) <= width
    assert "\x1b" not in drawn


@pytest.mark.parametrize("fix", PAGES, ids=["fixed", "nothing"])
def test_without_unicode_all_is_ascii(fix: FixReport) -> None:
    withheld = make_attempt(verdict=make_verdict(control=Spread(0.4, 0.02)))
    for shown in (fix, make_nothing(attempts=(withheld,), withheld=withheld)):
        assert draw(shown, page=Page(unicode=False)).isascii()


def test_colour_changes_no_character() -> None:
    colored = draw(make_search(), page=Page(color="standard"))
    assert "\x1b[" in colored
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in colored.splitlines()]
    assert plain == draw(make_search(), page=Page()).splitlines()


def test_text_of_the_config_cannot_move_the_cursor() -> None:
    evil = make_attempt(text=BEFORE.replace("the old choice", "evil \x1b[2J"), verdict=make_verdict())
    assert "\x1b" not in draw(make_search(chosen=evil, attempts=(evil,)))


def test_paths_in_commands_are_quoted() -> None:
    report = make_fixed(make_search())
    named = replace(report, runs=(replace(report.runs[0], config="my configs/a.yaml"),))
    assert "gradcheck fix 'my configs/a.yaml' --unsafe-fixes --write" in render(named, page=Page(120))


@pytest.mark.parametrize("width", [40, 100])
def test_a_command_does_the_same_again_and_is_one_line_however_narrow_the_page(width: int) -> None:
    withheld, overrides = make_attempt(verdict=make_verdict()), ("trainer.epochs=3", "seed=4 ")
    for fix in (make_search(budget=7.5), make_nothing(withheld=withheld, best=None, budget=7.5)):
        drawn = draw(fix, page=Page(width), overrides=overrides)
        command = "gradcheck fix configs/example.yaml --set trainer.epochs=3 --set 'seed=4 ' --budget 7.5 "
        assert f"    {command}--unsafe-fixes --write" in drawn.splitlines()
