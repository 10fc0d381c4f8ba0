"""The report of one command, as data; every output format reads it, none computes anything of its own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.fix_report import FixReport
from gradcheck_cli.recording.history import History, RunStatus
from gradcheck_cli.rules.base import Finding

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document
    from gradcheck_cli.config.schema import DiagnosticsConfig
    from gradcheck_cli.errors import Problem


class RuleStatus(StrEnum):
    """What became of a rule in one run."""

    PASSED = "passed"
    FOUND = "found"
    SKIPPED = "skipped"
    CRASHED = "crashed"


@dataclass(frozen=True)
class RuleResult:
    """One rule's line in the report; `reason` says why it was skipped or silenced, or how it crashed."""

    rule: str
    name: str
    status: RuleStatus
    reason: str | None = None

    @property
    def has_run(self) -> bool:
        """Whether the rule came to a decision."""
        return self.status in (RuleStatus.PASSED, RuleStatus.FOUND)


@dataclass(frozen=True)
class Harm:
    """Whether the run was harmed (contracts §3). `shown` is None where it cannot be told; `by` is a, b, c or d."""

    shown: bool | None
    by: str | None
    explanation: str


@dataclass(frozen=True)
class Coverage:
    """How many of the layers were observed, and what was not."""

    layers_observed: int
    layers: int
    note: str = ""


@dataclass(frozen=True)
class RunReport:
    """Everything about one config.

    Attributes:
        config: As given on the command line, relative to the current directory.
        errors: Why the job could not be done (config, data, model); lines and columns filled in.
        history: What was recorded; None where nothing could be (a config that cannot be read).
        document: The config's text with positions; None where there is no file behind the run.
        seed_metrics: With several seeds, the final metric of each.
        fix: What `fix` tried and found; None for other commands.
        diagnostics: Which rules judged it, with what settings, all sources of settings put together.
        suppressed: How many findings comments in the config have taken out.
        baselined: How many findings the baseline has taken out.
    """

    config: str
    name: str
    seed: int
    status: RunStatus
    errors: tuple[Problem, ...] = ()
    history: History | None = None
    document: Document | None = None
    run_dir: Path | None = None
    harm: Harm = Harm(None, None, "not judged")
    coverage: Coverage | None = None
    rules: tuple[RuleResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    seed_metrics: tuple[float, ...] | None = None
    fix: FixReport | None = None
    diagnostics: DiagnosticsConfig | None = None
    suppressed: int = 0
    baselined: int = 0


@dataclass(frozen=True)
class Report:
    """All runs of one command and its exit code.

    Attributes:
        notes: Plain sentences on the command as a whole, such as files that were passed over.
        fail_on: From which severity on findings count: error, warning, info or never.
    """

    command: str
    runs: tuple[RunReport, ...]
    exit_code: int
    notes: tuple[str, ...] = ()
    fail_on: str = "error"
