"""Takes out the findings that comments in the config suppress, and reports comments that suppress nothing (GC002)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gradcheck_cli.config.comments import Comment, find_comments
from gradcheck_cli.config.document import Document
from gradcheck_cli.config.paths import join_path
from gradcheck_cli.diagnosis.fingerprint import fingerprint, name_file
from gradcheck_cli.diagnosis.judge import rank_findings
from gradcheck_cli.diagnosis.removal import without_findings
from gradcheck_cli.diagnosis.report import RuleStatus, RunReport
from gradcheck_cli.errors import UsageError
from gradcheck_cli.rules.base import Finding
from gradcheck_cli.rules.config.unused_suppression import UnusedSuppression, report_comment
from gradcheck_cli.rules.selection import configure, find_rules

_MARK = re.compile(r"#\s*gradcheck:")
_FORM = re.compile(r"#\s*gradcheck:\s*(?P<kind>ignore|file-ignore)\[(?P<rules>[^\]]*)\].*")
_RAN = (RuleStatus.PASSED, RuleStatus.FOUND)
_NOT_UNDERSTOOD = "It is not understood: write `# gradcheck: ignore[GC101] reason`, or `file-ignore[GC101]`."
_UNKNOWN = "It names a rule that does not exist."
_UNUSED = "No finding of the rules it names stands there."


@dataclass(frozen=True)
class _Suppression:
    """One comment, read.

    Attributes:
        codes: What is written in its brackets, each with the codes of the rules it stands for; none for an unknown one.
        whole_file: Whether it holds for the whole file.
    """

    comment: Comment
    codes: dict[str, frozenset[str]]
    whole_file: bool = False

    def covers(self, finding: Finding, lines: frozenset[int]) -> bool:
        """Whether it silences a finding that stands on these lines."""
        named = any(finding.rule in codes for codes in self.codes.values())
        return named and (self.whole_file or bool(lines & {self.comment.line, self.comment.target}))


def suppress(report: RunReport) -> RunReport:
    """The report without what comments suppress, with a finding for each comment that names a rule for nothing."""
    if report.document is None:
        return report
    suppressions = [_read(comment) for comment in find_comments(report.document.text, _MARK)]
    suppressed = _choose(suppressions, report.findings, report.document)
    unused = list(_report_unused(suppressions, suppressed, report, report.document))
    excused = [id(finding) for finding in _choose(suppressions, unused, report.document)]
    settled = without_findings(report, suppressed, reason="suppressed by a comment")
    settled = replace(settled, suppressed=len(suppressed))
    left = [finding for finding in unused if id(finding) not in excused]
    return _add(settled, left) if left else settled


def _choose(suppressions: Sequence[_Suppression], findings: Iterable[Finding], document: Document) -> list[Finding]:
    """The findings that some comment silences."""
    placed = ((finding, _find_lines(finding, document)) for finding in findings)
    return [finding for finding, lines in placed if any(entry.covers(finding, lines) for entry in suppressions)]


def _read(comment: Comment) -> _Suppression:
    form = _FORM.fullmatch(comment.text)
    if form is None:
        return _Suppression(comment, {})
    named = filter(None, (part.strip() for part in form["rules"].split(",")))
    return _Suppression(comment, {name: _find_codes(name) for name in named}, form["kind"] == "file-ignore")


def _find_codes(name: str) -> frozenset[str]:
    try:
        return frozenset(rule.code for rule in find_rules(name))
    except UsageError:
        return frozenset()


def _find_lines(finding: Finding, document: Document) -> frozenset[int]:
    """The lines on which a comment speaks of a finding: its key's, its value's, and the last of one in brackets."""
    if not finding.path:
        return frozenset({1})
    place, key = document.position(finding.path), document.key_position(finding.path)
    lines = {key.line, place.line}
    if document.text.splitlines()[place.line - 1][place.column - 1 : place.column] in ("{", "["):
        lines.add(place.end_line)
    return frozenset(lines)


def _report_unused(
    suppressions: Sequence[_Suppression], suppressed: Sequence[Finding], report: RunReport, document: Document
) -> Iterator[Finding]:
    own = UnusedSuppression.code
    ran = {result.rule for result in report.rules if result.status in _RAN}
    if own not in ran:
        return
    severity = configure(report.diagnostics)[UnusedSuppression].severity
    for entry in suppressions:
        used = {finding.rule for finding in _choose([entry], suppressed, document)}
        unused = [name for name, codes in entry.codes.items() if not codes & used and codes <= ran - {own}]
        if entry.codes and not unused:
            continue
        unknown = any(not entry.codes[name] for name in unused)
        finding = report_comment(
            entry.comment.text,
            line=entry.comment.line,
            path="" if entry.whole_file else _find_path(entry.comment.target, document),
            unused=unused,
            why=_NOT_UNDERSTOOD if not entry.codes else _UNKNOWN if unknown else _UNUSED,
        )
        yield replace(finding, severity=severity or finding.severity)


def _find_path(line: int, document: Document) -> str:
    """The outermost config path whose key or value begins on a line; empty where none does."""
    for steps in sorted(document.places, key=len):
        path = join_path(steps)
        if steps and line in (document.key_position(path).line, document.position(path).line):
            return path
    return ""


def _add(report: RunReport, findings: Sequence[Finding]) -> RunReport:
    description = report.history.description if report.history is not None else None
    if description is not None:
        source = name_file(report.config)
        findings = [replace(f, fingerprint=fingerprint(f, description, source=source)) for f in findings]
    rules = (
        replace(result, status=RuleStatus.FOUND) if result.rule == UnusedSuppression.code else result
        for result in report.rules
    )
    return replace(report, findings=rank_findings([*report.findings, *findings]), rules=tuple(rules))
