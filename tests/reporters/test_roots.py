"""Tests of folding explained findings under their cause."""

from __future__ import annotations

from gradcheck_cli.reporters.roots import group_by_root
from tests.histories import make_finding


def show(*findings: tuple[str, str | None]) -> list[list[str]]:
    made = [make_finding(code, code.lower(), explained_by=cause) for code, cause in findings]
    return [[root.finding.rule, *(other.rule for other in root.also_seen)] for root in group_by_root(made)]


def test_an_explained_finding_is_folded() -> None:
    assert show(("GC101", None), ("GC304", "GC101"), ("GC401", None)) == [["GC101", "GC304"], ["GC401"]]


def test_a_chain_ends_at_its_start() -> None:
    assert show(("GC505", None), ("GC101", "GC505"), ("GC304", "GC101")) == [["GC505", "GC101", "GC304"]]


def test_a_cause_that_was_filtered_out_hides_nothing() -> None:
    assert show(("GC304", "GC101")) == [["GC304"]]


def test_two_that_blame_each_other_both_stand() -> None:
    assert show(("GC101", "GC304"), ("GC304", "GC101")) == [["GC101"], ["GC304"]]


def test_two_findings_of_one_rule_both_stand() -> None:
    assert show(("GC101", None), ("GC101", None), ("GC304", "GC101")) == [["GC101", "GC304"], ["GC101"]]


def test_no_findings_no_roots() -> None:
    assert show() == []
