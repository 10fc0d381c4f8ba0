"""Takes out the findings that comments in the config suppress, and reports comments that suppress nothing (GC002)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gradcheck_cli.config.comments import Comment, find_comments
from gradcheck_cli.config.document import BYTE_ORDER_MARK, Document
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
_NOT_UNDERSTOOD = "It is not understood: write `# gradcheck: ignore[GC101] reason`, or `file-ignore[GC101]`."
_OPENING = frozenset("{[")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_UNKNOWN = "It names a rule that does not exist."
_UNUSED = "No finding of the rules it names stands there."


@dataclass(frozen=True)
class _Named:
    """What one entry in the brackets stands for: codes of rules, or none and what was meant."""

    codes: frozenset[str] = frozenset()
    hint: str = ""


@dataclass(frozen=True)
class _Suppression:
    """One comment, read.

    Attributes:
        named: What is written in its brackets; empty where the comment cannot be understood.
        whole_file: Whether it holds for the whole file.
    """

    comment: Comment
    named: dict[str, _Named]
    whole_file: bool = False

    def covers(self, finding: Finding, lines: frozenset[int]) -> bool:
        """Whether it silences a finding that stands on these lines."""
        is_named = any(finding.rule in entry.codes for entry in self.named.values())
        return is_named and (self.whole_file or bool(lines & {self.comment.line, self.comment.target}))


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
    return _Suppression(comment, {name: _find_rules(name) for name in named}, form["kind"] == "file-ignore")


def _find_rules(name: str) -> _Named:
    try:
        return _Named(frozenset(rule.code for rule in find_rules(name)))
    except UsageError as error:
        return _Named(hint=error.problems[0].hint)


def _find_lines(finding: Finding, document: Document) -> frozenset[int]:
    """The lines on which a comment speaks of a finding: its key's, its value's, and the last of one in brackets."""
    if not finding.path:
        return frozenset({1})
    place, key = document.position(finding.path), document.key_position(finding.path)
    lines = {key.line, place.line}
    if (
        _LINE_BREAK.split(document.text.removeprefix(BYTE_ORDER_MARK))[place.line - 1][place.column - 1 :][:1]
        in _OPENING
    ):
        lines.add(place.end_line)
    return frozenset(lines)


def _report_unused(
    suppressions: Sequence[_Suppression], suppressed: Sequence[Finding], report: RunReport, document: Document
) -> Iterator[Finding]:
    own = UnusedSuppression.code
    ran = {result.rule for result in report.rules if result.has_run}
    if own not in ran:
        return
    severity = configure(report.diagnostics)[UnusedSuppression].severity
    for entry in suppressions:
        used = {finding.rule for finding in _choose([entry], suppressed, document)}
        unused = [name for name, of in entry.named.items() if not of.codes & used and of.codes <= ran - {own}]
        if entry.named and not unused:
            continue
        finding = report_comment(
            entry.comment.text,
            line=entry.comment.line,
            path="" if entry.whole_file else _find_path(entry.comment.target, document),
            unused=unused,
            why=_explain(entry, unused),
        )
        yield replace(finding, severity=severity or finding.severity)


def _explain(entry: _Suppression, unused: Sequence[str]) -> str:
    if not entry.named:
        return _NOT_UNDERSTOOD
    unknown = [entry.named[name] for name in unused if not entry.named[name].codes]
    if not unknown:
        return _UNUSED
    hint = next((of.hint for of in unknown if of.hint), "")
    return f"It names a rule that does not exist: {hint}" if hint else _UNKNOWN


def _find_path(line: int, document: Document) -> str:
    """The outermost config path that begins on a line; empty where none does."""
    for steps in sorted(document.places, key=len):
        path = join_path(steps)
        if steps and document.key_position(path).line == line:
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
