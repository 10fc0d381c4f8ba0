"""Tests of manual pages as data."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from gradcheck_cli.reporters.full.rule_page import render_list, render_pages
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.rule_pages import read_sections, render_json, render_markdown
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Rule
from gradcheck_cli.rules.gradient_flow.vanishing_gradient import VanishingGradient

HEADINGS = [
    "What it detects",
    "Why it matters",
    "How it decides",
    "Fixes and their safety",
    "When to ignore it",
    "References",
]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_every_rule_has_a_whole_page(rule: type[Rule]) -> None:
    sections = read_sections(rule)
    assert [section.heading for section in sections] == HEADINGS
    assert all(section.text for section in sections)


def test_paragraphs_are_unwrapped_and_lists_are_not() -> None:
    @dataclass(frozen=True)
    class Example(VanishingGradient):
        """Example.

        ## What it detects
        One sentence that goes on
        in the next line.

        A new paragraph:
        - first
          and more of it
        - second
        """

    (section,) = read_sections(Example)
    assert section.text == (
        "One sentence that goes on in the next line.\n\nA new paragraph:\n- first and more of it\n- second"
    )


def test_json_has_thresholds_and_sections() -> None:
    (page,) = json.loads(render_json([VanishingGradient]))
    assert page["code"] == "GC101"
    assert list(page["thresholds"][0]) == ["name", "default", "unit", "help", "source"]
    assert [section["heading"] for section in page["sections"]] == HEADINGS


def test_markdown_has_a_table_of_thresholds() -> None:
    text = render_markdown([VanishingGradient])
    assert text.startswith("# GC101: vanishing-gradient\n")
    assert "| `min_ratio` | 0.003 |" in text


@pytest.mark.parametrize("width", [40, 80])
def test_pages_fit_the_width(width: int) -> None:
    page = Page(width)
    text = render_pages(ALL, page=page) + render_list(ALL, page=page)
    assert max(map(len, text.splitlines())) <= width
    assert "Thresholds" in text


def test_the_list_names_every_rule() -> None:
    text = render_list(ALL, page=Page(120))
    assert all(f"{rule.code}  {rule.name}" in text for rule in ALL)
