"""Tests of Markdown, and that nothing in a config is markup."""

from __future__ import annotations

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import Edit, EditOp
from gradcheck_cli.diagnosis.report import Report, RuleResult, RuleStatus, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.reporters.markdown import render
from gradcheck_cli.reporters.markdown_text import code, code_block, code_cell, escape
from gradcheck_cli.rules.base import SeedCount
from tests.histories import make_finding, make_fix, make_report


def test_a_table_then_each_finding_with_its_diff() -> None:
    document = parse_document("data: iris\nmodel:\n  layers:\n    - ReLU\n", source="configs/example.yaml")
    fix = make_fix(edits=(Edit(EditOp.SET, "model.layers[0]", "Tanh"),))
    effect = make_finding("GC304", "loss-not-decreasing", explained_by="GC101")
    text = render(make_report(make_finding(fixes=(fix,), seeds=SeedCount(2, 3)), effect, document=document))
    assert text == (
        "## gradcheck: 2 errors in 1 config\n"
        "\n"
        "| config | verdict | metric |\n"
        "|---|---|---|\n"
        "| `configs/example.yaml` | ✗ vanishing-gradient | accuracy 0.970 |\n"
        "\n"
        "### `configs/example.yaml`\n"
        "\n"
        "**✗ GC101 vanishing-gradient** (error, line 4)  \n"
        "The gradient fades before it reaches linear\\_1. It is 1e-06 of what the last layer gets.\n"
        "\n"
        "Layers without gradient stay as they were initialised.\n"
        "\n"
        "- backward signal, first over last layer: 1.0e-6 ratio (limit 0.003)\n"
        "- found in 2 of 3 seeds\n"
        "- also seen: GC304 loss-not-decreasing\n"
        "\n"
        "Fix: Use ReLU in place of Sigmoid \\[unsafe\\]\n"
        "\n"
        "```diff\n"
        "-     - ReLU\n"
        "+     - Tanh\n"
        "```\n"
    )


def test_nothing_found_is_a_table() -> None:
    text = render(make_report())
    assert text.splitlines()[-1] == "| `configs/example.yaml` | ✓ nothing to report | accuracy 0.970 |"
    assert "###" not in text


def test_problems_are_quoted() -> None:
    document = parse_document("loss: Cross`\n", source="a.yaml")
    run = RunReport(
        "a.yaml", "a", 0, RunStatus.FAILED, errors=(Problem("loss", "unknown", line=1, column=7),), document=document
    )
    text = render(Report("lint", (run,), 2, notes=("Skipped *one*.",)))
    assert "| `a.yaml` | ✗ 1 problem |  |" in text
    assert "- a.yaml:1:7: GC001 invalid-config: loss: unknown\n  `` loss: Cross` ``\n" in text
    assert text.endswith("\nSkipped \\*one\\*.\n")


def test_a_rule_that_crashed_is_told() -> None:
    text = render(make_report(rules=(RuleResult("GC101", "vanishing-gradient", RuleStatus.CRASHED, "KeyError: '*'"),)))
    assert "GC101 vanishing-gradient crashed, which is a fault of gradcheck: KeyError: '\\*'" in text


@pytest.mark.parametrize("most_bytes", [100, 300, 1000])
def test_a_text_that_is_too_long_is_cut_between_blocks(most_bytes: int) -> None:
    text = render(make_report(*[make_finding(message="é" * 100) for _ in range(9)]), most_bytes=most_bytes)
    assert len(text.encode()) <= most_bytes
    assert text.endswith("*The report goes on; this is what fits here.*\n")
    assert text.count("é") % 100 == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, 1.5 and (more)", "plain words, 1.5 and (more)"),
        ("<script>&", "&lt;script&gt;&amp;"),
        ("@somebody #12", "&#64;somebody \\#12"),
        ("a_b *c* `d` ~e~ [f](g) h|i", "a\\_b \\*c\\* \\`d\\` \\~e\\~ \\[f\\](g) h\\|i"),
        ("one\ntwo\x1b", "one two\\\\x1b"),
    ],
)
def test_text_is_taken_literally(text: str, shown: str) -> None:
    assert escape(text) == shown


@pytest.mark.parametrize(
    ("text", "span"), [("a", "`a`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("a``", "``` a`` ```"), ("a|b", "`a|b`")]
)
def test_code_spans_hold_backticks(text: str, span: str) -> None:
    assert code(text) == span


def test_cells_and_blocks_stay_whole() -> None:
    assert code_cell("a|b") == "`a\\|b`"
    assert code_block("```\nx\n") == "````\n```\nx\n````"
