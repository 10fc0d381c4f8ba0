"""Lines that differ between two texts."""

from __future__ import annotations

from gradcheck_cli.config.differences import DiffLine, changed_lines, diff_lines, diff_with_context, unified_diff

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


LINES = [f"k{number}: {number}" for number in range(9)]


def changed(*numbers: int) -> str:
    return "\n".join(line + "0" * (number in numbers) for number, line in enumerate(LINES))


def test_context_is_one_line_on_each_side() -> None:
    before = "\n".join(LINES)
    assert diff_with_context(before, changed(4)) == ["  k3: 3", "- k4: 4", "+ k4: 40", "  k5: 5"]
    assert diff_with_context(before, changed(0)) == ["- k0: 0", "+ k0: 00", "  k1: 1"]
    assert diff_with_context(before, changed(8)) == ["  k7: 7", "- k8: 8", "+ k8: 80"]
    assert diff_with_context(before, changed(4), lines=0) == ["- k4: 4", "+ k4: 40"]
    assert diff_with_context(before, before) == []


def test_gap_between_changes_is_marked_once() -> None:
    shown = diff_with_context("\n".join(LINES), changed(1, 6))
    assert shown == [
        *("  k0: 0", "- k1: 1", "+ k1: 10", "  k2: 2"),
        "  ...",
        *("  k5: 5", "- k6: 6", "+ k6: 60", "  k7: 7"),
    ]
    near = diff_with_context("\n".join(LINES), changed(1, 3))
    assert near == ["  k0: 0", "- k1: 1", "+ k1: 10", "  k2: 2", "- k3: 3", "+ k3: 30", "  k4: 4"]


def test_context_keeps_indentation_and_lines_that_look_like_headers() -> None:
    before, after = "--- a\n  x: 1\n", "+++ b\n  x: 1\n"
    assert diff_with_context(before, after) == ["- --- a", "+ +++ b", "    x: 1"]
    assert diff_with_context("@@ a\nb\n", "@@ a\nc\n") == ["  @@ a", "- b", "+ c"]
