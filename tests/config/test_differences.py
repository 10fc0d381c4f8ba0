"""Lines that differ between two texts."""

from __future__ import annotations

from gradcheck_cli.config.differences import DiffLine, changed_lines, diff_lines, unified_diff

BEFORE = "a: 1\nb: 2\nc: 3\n"
AFTER = "a: 1\nb: 4\nc: 3\nd: 5\n"


def test_changed_lines_carry_the_numbers_of_their_own_text() -> None:
    assert changed_lines(BEFORE, AFTER) == [
        DiffLine("-", 2, "b: 2"),
        DiffLine("+", 2, "b: 4"),
        DiffLine("+", 4, "d: 5"),
    ]
    assert diff_lines(BEFORE, AFTER) == ["- b: 2", "+ b: 4", "+ d: 5"]
    assert diff_lines(BEFORE, BEFORE) == []


def test_unified_diff_is_a_patch() -> None:
    assert unified_diff(BEFORE, AFTER, "run.yaml") == (
        "--- a/run.yaml\n+++ b/run.yaml\n@@ -1,3 +1,4 @@\n a: 1\n-b: 2\n+b: 4\n c: 3\n+d: 5\n"
    )
    assert unified_diff(BEFORE, BEFORE, "run.yaml") == ""


def test_unified_diff_shows_a_missing_line_break_at_the_end() -> None:
    assert unified_diff("a: 1", "a: 2\n", "x").splitlines()[3:] == ["-a: 1", "\\ No newline at end of file", "+a: 2"]
