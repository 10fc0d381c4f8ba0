"""Findings and problems alike as notes on a line of a file, for the formats of forges; it words and hides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gradcheck_cli.diagnosis.fingerprint import fingerprint_problem, name_file
from gradcheck_cli.diagnosis.report import Report, RuleResult, RuleStatus, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.reporters.locations import Region, find_region, find_region_of_problem
from gradcheck_cli.reporters.repository import find_root, path_in_repository
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.config.invalid_config import InvalidConfig

RUN_FAILED = "run-failed"
RULE_CRASHED = "rule-crashed"


@dataclass(frozen=True)
class Annotation:
    """One note.

    Attributes:
        code: Code of the rule; empty where a run failed through no fault of its config.
        name: Name of the rule, or `RUN_FAILED` or `RULE_CRASHED`.
        file: Path from the root of the repository on, or an absolute path outside of it.
        region: Where in the file, the first line for a note on the whole.
        fingerprint: Contracts §4; a second note of the same has `:2` behind it.
        finding: What was found; None for a problem.
    """

    code: str
    name: str
    severity: Severity
    message: str
    file: str
    region: Region
    fingerprint: str
    run: RunReport
    finding: Finding | None = None

    @property
    def label(self) -> str:
        """`GC101 vanishing-gradient`."""
        return f"{self.code} {self.name}".strip()


def annotate(report: Report) -> tuple[Annotation, ...]:
    """All notes, in the order of the report: by run, problems first, then findings by rank, then crashed rules."""
    root = find_root()
    notes = [note for run in report.runs for note in annotate_run(run, path_in_repository(run.config, root))]
    return tuple(_tell_apart(notes))


def annotate_run(run: RunReport, file: str) -> Iterator[Annotation]:
    """The notes on one run."""
    for problem in run.errors:
        yield _annotate_problem(problem, run, file)
    for finding in run.findings:
        yield Annotation(
            code=finding.rule,
            name=finding.name,
            severity=finding.severity,
            message=finding.message,
            file=file,
            region=find_region(finding.path, run),
            fingerprint=finding.fingerprint,
            run=run,
            finding=finding,
        )
    for result in run.rules:
        if result.status is RuleStatus.CRASHED:
            yield _annotate_crash(result, run, file)


def rank_annotations(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Worst first; equal ones keep their order."""
    return sorted(annotations, key=lambda annotation: annotation.severity.rank)


def _annotate_problem(problem: Problem, run: RunReport, file: str) -> Annotation:
    return Annotation(
        code=InvalidConfig.code if problem.is_of_config else "",
        name=InvalidConfig.name if problem.is_of_config else RUN_FAILED,
        severity=Severity.ERROR,
        message=str(problem),
        file=file,
        region=find_region_of_problem(problem, run),
        fingerprint=fingerprint_problem(problem, source=name_file(run.config)),
        run=run,
    )


def _annotate_crash(result: RuleResult, run: RunReport, file: str) -> Annotation:
    fault = Problem("", f"{result.rule} {result.name} crashed: {result.reason}", is_of_config=False)
    return Annotation(
        code="",
        name=RULE_CRASHED,
        severity=Severity.ERROR,
        message=f"{fault.message}; this is a fault of gradcheck, and the other rules were applied",
        file=file,
        region=find_region_of_problem(fault, run),
        fingerprint=fingerprint_problem(fault, source=name_file(run.config)),
        run=run,
    )


def _tell_apart(annotations: Iterable[Annotation]) -> Iterator[Annotation]:
    """Forges drop the second of two notes with equal fingerprints."""
    seen: Counter[str] = Counter()
    for annotation in annotations:
        seen[annotation.fingerprint] += 1
        number = seen[annotation.fingerprint]
        yield annotation if number == 1 else replace(annotation, fingerprint=f"{annotation.fingerprint}:{number}")
