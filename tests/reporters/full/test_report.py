"""Tests of the full text report: what a person reads, at three widths, with and without colour and Unicode."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradcheck_cli.config.document import Document, parse_document
from gradcheck_cli.config.edits import Edit, EditOp
from gradcheck_cli.diagnosis.fix_report import FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import Harm, Report, RuleResult, RuleStatus, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import Quantity, RunStatus, Signal
from gradcheck_cli.reporters.cell_width import measure
from gradcheck_cli.reporters.full import render
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.rules.base import Finding, Safety, Severity
from tests.histories import (
    make_description,
    make_epochs,
    make_finding,
    make_fix,
    make_history,
    make_layers,
    make_linted,
    make_report,
    make_steps,
)

TEXT = """\
model:
  # two layers
  layers:
    - {type: Linear, out_features: 32}
    - Sigmoid  # the old choice
    - {type: Linear, out_features: 10}
optimizer: {type: SGD, lr: 0.1}
"""


def make_document() -> Document:
    return parse_document(TEXT, source="configs/example.yaml")


def make_broken() -> Finding:
    relu = make_fix(safety=Safety.UNSAFE, edits=(Edit(EditOp.SET, "model.layers[1]", "ReLU"),))
    slower = make_fix("Lower the learning rate", safety=Safety.SAFE, edits=(Edit(EditOp.SET, "optimizer.lr", 0.01),))
    return make_finding(fixes=(relu, slower), explains=("GC304",))


def draw_broken(width: int = 80, *, unicode: bool = True, verbose: bool = False, color: str | None = None) -> str:
    explained = make_finding("GC304", "loss-not-decreasing", explained_by="GC101", layers=(), path="")
    report = make_report(make_broken(), explained, document=make_document(), run_dir=Path("runs/example-1"))
    return render(report, page=Page(width, color=color, unicode=unicode, verbose=verbose))


def test_the_verdict_is_the_first_line() -> None:
    assert draw_broken().splitlines()[0] == "✗ example is not healthy: vanishing-gradient"


def test_a_finding_is_told_whole() -> None:
    lines = [line.rstrip() for line in draw_broken(100).splitlines()]
    start = next(index for index, line in enumerate(lines) if "GC101" in line)
    assert lines[start : start + 8] == [
        "✗ GC101 vanishing-gradient  error  configs/example.yaml:4:7",
        "  The gradient fades before it reaches linear_1. It is 1e-06 of what the last layer gets.",
        "  why       Layers without gradient stay as they were initialised.",
        "  measured  backward signal, first over last layer 1.0e-6 ratio  (limit 0.003)",
        "  layers    linear_1",
        "  at        model.layers[0]",
        "  also seen GC304 loss-not-decreasing",
        "  fix       Use ReLU in place of Sigmoid [unsafe]  Its slope is 1 wherever it is active.",
    ]


def test_the_best_fix_is_a_diff_that_keeps_the_comment() -> None:
    lines = draw_broken().splitlines()
    removed = next(line for line in lines if re.match(r"\s+-", line))
    added = next(line for line in lines if re.match(r"\s+\+", line))
    assert "- Sigmoid  # the old choice" in removed
    assert "- ReLU  # the old choice" in added


def test_further_fixes_are_titles_unless_verbose() -> None:
    assert "  or        Lower the learning rate [safe]" in draw_broken()
    assert "lr: 0.01" not in draw_broken()
    assert "lr: 0.01" in draw_broken(verbose=True)


def test_edits_that_do_not_fit_the_text_are_told_in_words() -> None:
    fix = make_fix(safety=Safety.SAFE, edits=(Edit(EditOp.REMOVE, "model.layers[99]"),))
    assert "remove model.layers[99]" in render(make_report(make_finding(fixes=(fix,)), document=make_document()))


def test_what_is_explained_has_no_block_of_its_own() -> None:
    assert draw_broken().count("GC304") == 1


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("verbose", [True, False])
def test_no_line_is_wider_than_the_page(width: int, unicode: bool, verbose: bool) -> None:
    drawn = draw_broken(width, unicode=unicode, verbose=verbose)
    assert max(map(measure, drawn.splitlines())) <= width
    assert "\x1b" not in drawn
    assert drawn.isascii() or unicode


@pytest.mark.parametrize(("width", "kept", "dropped"), [(40, ["gradient", "norm"], ["shape"]), (120, ["shape"], [])])
def test_columns_give_way_to_the_width(width: int, kept: list[str], dropped: list[str]) -> None:
    header = next(line for line in draw_broken(width).splitlines() if re.match(r"  layer +(type|gradient) ", line))
    assert all(title in header for title in kept)
    assert not any(title in header for title in dropped)


def test_rows_of_the_table_are_one_line_each() -> None:
    for width in (40, 60, 80, 120):
        lines = draw_broken(width).splitlines()
        first = next(index for index, line in enumerate(lines) if re.match(r"  layer +(type|gradient) ", line))
        assert [line[2:10] for line in lines[first + 1 : first + 4]] == ["linear_1", "linear_2", "linear_3"]


def test_the_bad_row_is_marked_without_colour() -> None:
    rows = [line for line in draw_broken().splitlines() if re.match(r". linear_\d", line)]
    assert [row[0] for row in rows] == ["✗", " ", " "]


def test_colour_changes_no_character() -> None:
    colored = draw_broken(color="standard")
    assert "\x1b[" in colored
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in colored.splitlines()]
    assert plain == draw_broken().splitlines()


def test_only_the_cells_that_the_rule_is_about_are_coloured() -> None:
    row = next(line for line in draw_broken(color="standard").splitlines() if "linear_1" in line and "Linear" in line)
    red = re.findall(r"\x1b\[1;31m([^\x1b]*)", row)
    assert any("linear_1" in cell for cell in red)
    assert not any("5 %" in cell for cell in red)


def test_a_healthy_run_is_short_and_still_shows_its_layers() -> None:
    drawn = render(make_report())
    assert drawn.splitlines()[0] == "✓ example: nothing to report"
    assert "accuracy 0.970, against trivial 0.100, nearest neighbours 0.970, linear 0.960" in drawn
    assert "linear_2" in drawn
    assert "Harm" not in drawn


@pytest.mark.parametrize(
    ("severity", "line"),
    [
        (Severity.WARNING, "! example may not be healthy: vanishing-gradient"),
        (Severity.INFO, "i example is healthy, but see: vanishing-gradient"),
    ],
)
def test_lesser_findings_have_lesser_verdicts(severity: Severity, line: str) -> None:
    assert render(make_report(make_finding(severity=severity))).splitlines()[0] == line


def test_a_note_is_told_in_brief_and_is_none_of_the_faults_that_the_verdict_counts() -> None:
    note = make_finding("GC603", "bad-data", message="Features never change.", why="They cost weights.")
    note = replace(note, severity=Severity.INFO, layers=())
    report = make_report(make_finding(severity=Severity.ERROR), note)
    brief, verbose = render(report), render(report, page=Page(verbose=True))
    assert " more" not in brief.splitlines()[0]
    assert "Features never change." in brief
    assert "They cost weights." not in brief
    assert "They cost weights." in verbose


def test_harm_is_told_where_shown_and_where_it_cannot_be_told() -> None:
    assert "Harm: no better than the trivial predictor" in draw_broken()
    untold = render(make_report(harm=Harm(None, None, "there are no validation rows")))
    assert "Harm cannot be told: there are no validation rows" in untold


def test_curves_mark_the_best_epoch() -> None:
    history = make_history(epochs=make_epochs(20, validation_loss=[*np.linspace(2, 1, 7), *np.linspace(1.1, 3, 13)]))
    drawn = render(make_report(history=history))
    assert "loss over 20 epochs" in drawn
    assert "▲ best epoch 7" in drawn
    assert re.search(r"validation 3$", drawn, flags=re.MULTILINE)


def test_without_validation_there_is_one_curve_and_no_best_epoch() -> None:
    description = make_description(data=replace(make_description().data, validation_rows=0))
    history = make_history(description, epochs=make_epochs(20, validation_loss=np.nan), outcome=None)
    drawn = render(make_report(history=history))
    assert "training 0.05" in drawn
    assert "validation" not in drawn
    assert "best epoch" not in drawn
    assert "nan" not in drawn


def test_a_run_that_ended_in_its_first_epoch_shows_its_steps() -> None:
    history = make_history(epochs=None, steps=make_steps(7, loss=[1, 10, 1e3, 1e6, np.inf, np.nan, np.nan]))
    drawn = render(make_report(history=history))
    assert "loss over 7 steps, log scale" in drawn
    assert "training nan" in drawn
    assert "best epoch" not in drawn


def test_losses_that_ended_non_finite_are_shown_as_such() -> None:
    history = make_history(epochs=make_epochs(4, train_loss=[2.0, 30.0, 1e30, np.nan]), status=RunStatus.DIVERGED)
    drawn = render(make_report(history=history))
    assert "training nan" in drawn
    assert "log scale" in drawn
    assert "The run diverged" in drawn


def test_non_finite_norms_show_in_the_table() -> None:
    history = make_history(changes={Quantity.GRADIENT_NORM: {"linear_2.weight": np.inf}})
    row = next(line for line in render(make_report(history=history)).splitlines() if "linear_2" in line)
    assert "\u00d7\u00d7" in row
    assert " inf " in row


def test_a_signal_that_was_not_recorded_has_no_column() -> None:
    history = make_history()
    signals: dict[Quantity, Signal] = {
        key: value for key, value in history.signals.items() if key is not Quantity.DEAD_FRACTION
    }
    drawn = render(make_report(history=replace(history, signals=signals)))
    assert "dead" not in drawn
    assert "sensitivity" in drawn


def test_long_nets_are_folded_and_verbose_shows_all() -> None:
    description = make_description(make_layers(*("Linear", "ReLU") * 60))
    report = make_report(make_finding(layers=("linear_30",)), history=make_history(description))
    folded, whole = render(report), render(report, page=Page(120, verbose=True))
    assert "27 more rows alike, norm 0.424 to 0.424" in folded
    assert len(folded.splitlines()) < 50
    assert re.search(r"^✗ linear_30 ", folded, flags=re.MULTILINE)
    assert all(f" linear_{number} " in whole for number in range(1, 61))


def test_a_linted_config_has_no_table_and_no_curves() -> None:
    drawn = render(make_report(make_finding(), history=make_linted(), status=RunStatus.LINTED))
    assert "read only, not trained" in drawn
    assert "loss over" not in drawn
    assert "gradient: norm" not in drawn


def test_an_interrupted_run_says_so() -> None:
    history = make_history(status=RunStatus.INTERRUPTED, steps_done=120)
    drawn = render(make_report(history=history))
    assert "120 of 400 steps" in drawn
    assert "interrupted; judged on what was recorded until then" in drawn


def test_a_config_that_cannot_be_read_shows_the_line_and_a_caret() -> None:
    problem = Problem("model.layers[1]", "unknown layer 'Sigmoid'", "a torch.nn class", "did you mean 'SiLU'?", 5, 7)
    run = RunReport("bad.yaml", "bad", 0, RunStatus.FAILED, errors=(problem,), document=make_document())
    assert render(Report("check", (run,), 2), page=Page(120)).splitlines() == [
        "✗ bad could not be read: 1 problem",
        "bad.yaml:5:7: model.layers[1]: unknown layer 'Sigmoid'; allowed: a torch.nn class; did you mean 'SiLU'?",
        "    5 │     - Sigmoid  # the old choice",
        "      │       ^",
        "More on this: gradcheck rule GC001",
    ]


def test_a_failure_that_is_no_fault_of_the_config_has_no_page() -> None:
    late = (Problem("", "not done after 5 seconds", is_of_config=False),)
    assert "More on this" not in render(make_report(errors=late), page=Page(120))


def test_several_runs_end_with_a_table_and_a_count() -> None:
    good, bad = make_report().runs[0], make_report(make_finding()).runs[0]
    lines = render(Report("check", (good, bad), 1)).splitlines()
    assert lines[-3:] == [
        "✓ configs/example.yaml: nothing to report   accuracy 0.970, 1.5 s",
        "✗ configs/example.yaml: vanishing-gradient  accuracy 0.970, 1.5 s",
        "1 error in 2 configs",
    ]


def test_crashed_rules_are_told_and_skipped_ones_counted() -> None:
    rules = (
        RuleResult("GC101", "vanishing-gradient", RuleStatus.CRASHED, "ValueError: no layers"),
        RuleResult("GC401", "overfitting", RuleStatus.SKIPPED, "there are no validation rows"),
    )
    report = make_report(rules=rules)
    assert "GC101 vanishing-gradient crashed: ValueError: no layers" in render(report)
    assert "0 rules applied, 1 skipped, 1 crashed" in render(report)
    assert "there are no validation rows" not in render(report)
    assert "there are no validation rows" in render(report, page=Page(verbose=True))


def test_notes_and_the_run_folder_and_the_next_commands_close_it() -> None:
    lines = draw_broken().splitlines()
    assert lines[-3:] == [
        "Saved in runs/example-1",
        "Find a fix and prove it: gradcheck fix configs/example.yaml",
        "More on this: gradcheck rule GC101",
    ]
    assert "Note: one row is left out" in render(make_report(history=make_history(notes=("one row is left out",))))


def test_a_search_for_a_fix_is_named_only_where_there_is_something_to_try() -> None:
    invitation = "gradcheck fix"
    advice = replace(make_broken(), fixes=(make_fix(safety=Safety.ADVICE),))
    note = replace(make_broken(), severity=Severity.INFO)
    search = FixReport(FixOutcome.NOTHING_WORKED, cost=1.0)
    document = make_document()
    assert invitation in render(make_report(make_broken(), document=document))
    for report in (
        make_report(document=document),
        make_report(advice, document=document),
        make_report(note, document=document),
        make_report(make_broken()),
        make_report(make_broken(), document=document, history=make_linted(), status=RunStatus.LINTED),
        make_report(make_broken(), document=document, status=RunStatus.INTERRUPTED),
        make_report(make_broken(), document=document, fix=search),
    ):
        assert invitation not in render(report)


def test_names_from_a_file_cannot_speak_to_the_terminal() -> None:
    drawn = render(make_report(name="[red]evil\x1b[2J", config="a\x1b]0;x\x07.yaml"))
    assert "\x1b" not in drawn
    assert "[red]evil\\x1b[2J" in drawn
