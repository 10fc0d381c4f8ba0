"""Findings that were there when a project began to use gradcheck: kept in a file and left out until they are new.

In: reports. Out: reports without them. It knows a finding by its fingerprint, never by its line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gradcheck_cli.diagnosis.fingerprint import name_file
from gradcheck_cli.diagnosis.removal import without_findings
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.errors import Problem, UsageError
from gradcheck_cli.recording.replacing import replace_file
from gradcheck_cli.rules.base import Finding

VERSION = 1
_ANEW = "write it anew with --write-baseline"


@dataclass(frozen=True, order=True)
class Entry:
    """One known finding, or `count` of them that nothing tells apart."""

    config: str
    rule: str
    name: str
    fingerprint: str
    count: int = field(default=1, compare=False)


def read_baseline(path: Path) -> tuple[Entry, ...]:
    """The entries of a baseline file.

    Raises:
        UsageError: It is not there, cannot be read, or is no baseline.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _refuse(path, "does not exist", hint="write it with --write-baseline") from None
    except OSError as error:
        raise _refuse(path, f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _refuse(path, f"is no JSON: {error}", hint=_ANEW) from None
    if not isinstance(content, dict) or not isinstance(content.get("findings"), list):
        raise _refuse(path, "is no baseline", hint=_ANEW)
    if content.get("version") != VERSION:
        message = f"has the version {content.get('version')!r}, which this gradcheck does not know"
        raise _refuse(path, message, hint=_ANEW)
    return tuple(_read_entry(entry, path, number) for number, entry in enumerate(content["findings"], 1))


def _refuse(path: Path, message: str, *, hint: str = "") -> UsageError:
    return UsageError([Problem("", f"the baseline '{path}' {message}", hint=hint)])


def _read_entry(entry: Any, path: Path, number: int) -> Entry:
    known: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    words = {key: known.get(key) for key in ("config", "rule", "name", "fingerprint")}
    count = known.get("count", 1)
    if not all(isinstance(word, str) for word in words.values()) or type(count) is not int or count < 1:
        raise _refuse(path, f"has a broken entry, number {number}", hint=_ANEW)
    return Entry(**{key: str(word) for key, word in words.items()}, count=count)


def apply_baseline(reports: Sequence[RunReport], entries: Iterable[Entry]) -> list[RunReport]:
    """The reports without the findings that the baseline has."""
    left = Counter({entry.fingerprint: entry.count for entry in entries})
    return [_apply_to_one(report, left) for report in reports]


def _apply_to_one(report: RunReport, left: Counter[str]) -> RunReport:
    known = []
    for finding in report.findings:
        if left[finding.fingerprint] > 0:
            left[finding.fingerprint] -= 1
            known.append(finding)
    return replace(without_findings(report, known, reason="in the baseline"), baselined=len(known))


def find_gone(reports: Sequence[RunReport], entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Entries whose finding did not come back, although their config was judged by their rule."""
    present = {finding.fingerprint for report in reports for finding in report.findings}
    judged = _list_judged(reports)
    return tuple(e for e in entries if (e.config, e.rule) in judged and e.fingerprint not in present)


def write_baseline(path: Path, reports: Sequence[RunReport], *, known: Iterable[Entry] = ()) -> tuple[Entry, ...]:
    """Keep all findings of the reports; known entries of what was not judged this time stay.

    Args:
        reports: Before a baseline was applied.

    Raises:
        UsageError: The file cannot be written.
    """
    judged = _list_judged(reports)
    entries = [entry for entry in known if (entry.config, entry.rule) not in judged]
    entries += _collect(reports)
    lines = [json.dumps(_describe(entry), ensure_ascii=False) for entry in sorted(entries)]
    listed = "".join(f"\n  {line}," for line in lines).rstrip(",")
    text = f'{{"version": {VERSION}, "findings": [{listed}{chr(10) if lines else ""}]}}\n'
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)
    except OSError as error:
        raise _refuse(path, f"cannot be written: {error.strerror or error}") from None
    return tuple(sorted(entries))


def _collect(reports: Sequence[RunReport]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for report in reports:
        for finding in report.findings:
            known = found.get(finding.fingerprint)
            entry = known or _make_entry(finding, report)
            found[finding.fingerprint] = replace(entry, count=known.count + 1) if known else entry
    return list(found.values())


def _make_entry(finding: Finding, report: RunReport) -> Entry:
    return Entry(name_file(report.config), finding.rule, finding.name, finding.fingerprint)


def _describe(entry: Entry) -> dict[str, object]:
    """The count is written only where it is not 1."""
    return {key: value for key, value in vars(entry).items() if (key, value) != ("count", 1)}


def _list_judged(reports: Sequence[RunReport]) -> set[tuple[str, str]]:
    return {(name_file(report.config), result.rule) for report in reports for result in report.rules if result.has_run}
