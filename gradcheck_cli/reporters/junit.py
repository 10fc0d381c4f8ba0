"""JUnit XML: a suite per config, a case per rule; a case fails exactly where the exit code counts its findings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from gradcheck_cli.diagnosis.exit_code import fails, list_left
from gradcheck_cli.diagnosis.report import Report, RuleResult, RuleStatus, RunReport
from gradcheck_cli.reporters.annotations import RULE_CRASHED, Annotation, annotate_run
from gradcheck_cli.reporters.finding_text import explain
from gradcheck_cli.reporters.printable import make_line, make_printable
from gradcheck_cli.reporters.repository import find_root, path_in_repository
from gradcheck_cli.reporters.search_text import describe_search
from gradcheck_cli.rules.base import Finding
from gradcheck_cli.rules.config.invalid_config import InvalidConfig

# What XML 1.0 cannot hold and `make_printable` leaves alone.
_NOT_XML = re.compile("[\ufffe\uffff]")
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


@dataclass(frozen=True)
class _Verdict:
    """What a case holds: `failure`, `error`, `skipped`, or `system-out` for a note that fails nothing."""

    tag: str
    message: str
    type: str = ""
    text: str = ""


def render(report: Report) -> str:
    """The report as XML."""
    root = Element("testsuites", name="gradcheck")
    folder = find_root()
    for run in report.runs:
        root.append(_make_suite(run, path_in_repository(run.config, folder), fail_on=report.fail_on))
    _count(root, seconds=sum(_find_seconds(run) for run in report.runs))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _make_suite(run: RunReport, file: str, *, fail_on: str) -> Element:
    notes = tuple(annotate_run(run, file))
    suite = Element("testsuite", name=_clean(make_line(run.config)))
    properties = SubElement(suite, "properties")
    for name, value in (("status", run.status.value), ("seed", str(run.seed))):
        SubElement(properties, "property", name=name, value=value)
    for name, verdict, line in _list_cases(run, notes, fail_on=fail_on):
        case = SubElement(suite, "testcase", name=name, classname=suite.get("name", ""), file=_clean(make_line(file)))
        if line is not None:
            case.set("line", str(line))
        if verdict is not None:
            _add_verdict(case, verdict)
    if run.fix is not None:
        _add_verdict(suite, _Verdict("system-out", "", text=describe_search(run, run.fix)))
    _count(suite, seconds=_find_seconds(run))
    return suite


def _list_cases(
    run: RunReport, notes: tuple[Annotation, ...], *, fail_on: str
) -> Iterator[tuple[str, _Verdict | None, int | None]]:
    """Name, verdict and line of each case: the run itself where it failed, then every rule."""
    failed = [note for note in notes if not note.code and note.name != RULE_CRASHED]
    if failed:
        yield "run", _Verdict("error", failed[0].message, failed[0].name, _join(failed)), None
    for result in _list_results(run, notes):
        own = [note for note in notes if note.code == result.rule]
        line = own[0].region.line if own else None
        left = [finding for finding in list_left(run) if finding.rule == result.rule]
        yield f"{result.rule} {result.name}", _judge(result, own, left=left, fail_on=fail_on), line


def _list_results(run: RunReport, notes: tuple[Annotation, ...]) -> Iterator[RuleResult]:
    """The rules of the run, with those before them that speak without having been applied, as of a config not read."""
    known = {result.rule for result in run.rules}
    for note in notes:
        if note.code and note.code not in known:
            known.add(note.code)
            yield RuleResult(note.code, note.name, RuleStatus.FOUND)
    yield from run.rules


def _judge(result: RuleResult, notes: list[Annotation], *, left: Sequence[Finding], fail_on: str) -> _Verdict | None:
    """What became of a rule.

    Args:
        left: What counts of it: its findings, or those in the config as it was fixed.
    """
    if result.status is RuleStatus.SKIPPED:
        return _Verdict("skipped", result.reason or "")
    if result.status is RuleStatus.CRASHED:
        return _Verdict("error", result.reason or "", RULE_CRASHED, _join(notes))
    if notes and result.rule == InvalidConfig.code:
        return _Verdict("error", notes[0].message, notes[0].code, _join(notes))
    if any(fails(finding.severity, fail_on) for finding in left):
        return _Verdict("failure", left[0].message, left[0].severity.value, _join(notes) or left[0].message)
    return _Verdict("system-out", "", text=_join(notes)) if notes else None


def _join(notes: list[Annotation]) -> str:
    places = [f"{note.file}:{note.region.line}:{note.region.column}: {note.severity.value}" for note in notes]
    return "\n\n".join(f"{place}\n{explain(note)}" for place, note in zip(places, notes, strict=True))


def _add_verdict(case: Element, verdict: _Verdict) -> None:
    entry = SubElement(case, verdict.tag)
    for key, value in (("message", verdict.message), ("type", verdict.type)):
        if value:
            entry.set(key, _clean(make_line(value)))
    if verdict.text:
        entry.text = _clean(make_printable(verdict.text))


def _count(element: Element, *, seconds: float) -> None:
    """Put the totals of the cases below on an element."""
    element.set("tests", str(len(element.findall(".//testcase"))))
    for attribute, tag in _COUNTED.items():
        element.set(attribute, str(len(element.findall(f".//{tag}"))))
    element.set("time", f"{seconds:.3f}")


def _find_seconds(run: RunReport) -> float:
    return run.history.seconds if run.history is not None else 0.0


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
