"""The manual page is checked with those of all rules; what a comment suppresses is tested in tests/diagnosis."""

from __future__ import annotations

import re

from gradcheck_cli.rules.base import Safety, Severity
from gradcheck_cli.rules.config.unused_suppression import UnusedSuppression, report_comment
from tests.histories import make_history


def test_a_run_alone_has_no_comments() -> None:
    assert list(UnusedSuppression().check(make_history())) == []


def test_a_finding_in_the_style_of_all_others() -> None:
    finding = report_comment("# gradcheck: ignore[GC101]", line=3, path="loss", unused=["GC101"], why="It is not so.")
    first, _, second = finding.message.partition(". ")
    assert not re.search(r"\d", first)
    assert second == "Line 3: `# gradcheck: ignore[GC101]`."
    assert (finding.rule, finding.severity, finding.path) == ("GC002", Severity.WARNING, "loss")
    assert [(entry.name, entry.value) for entry in finding.evidence] == [("rules named for nothing", "GC101")]
    assert [fix.safety for fix in finding.fixes] == [Safety.ADVICE]
