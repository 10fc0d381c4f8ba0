"""Looks for findings while a foreign loop goes on, and says when one is reason to end it; it judges nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcheck_cli.errors import Problem, UsageError
from gradcheck_cli.rules.base import Finding, Severity

if TYPE_CHECKING:
    from gradcheck_cli.integrations.recorder import Recorder

BROKEN_STEPS = 5
"""Non-finite steps in a row after which a run is lost: one can be an accident of a batch."""
FIRST_JUDGED_STEP = 128
NON_FINITE = "GC301"


class StopTraining(Exception):  # noqa: N818
    """Leaves the block of a recorder's `with` statement; its message says why.

    Attributes:
        recorder: Whose block it is.
    """

    def __init__(self, reason: str, recorder: Recorder) -> None:
        super().__init__(reason)
        self.recorder = recorder


class FindingWatch:
    """Judges at validations and at steps 128, 256, 512, ...; a finding that comes twice in a row is there to stay.

    Attributes:
        findings: As of the last time.
    """

    def __init__(self, stop_on: str | None) -> None:
        """Args:
        stop_on: From which severity on a finding is reason to stop; None: none is.

        Raises:
            UsageError: There is no such severity.
        """
        if stop_on is not None and stop_on not in list(Severity):
            raise UsageError([Problem("stop_on", f"{stop_on!r} is no severity", allowed=", ".join(Severity))])
        self._stop_on = Severity(stop_on) if stop_on is not None else None
        self._next = FIRST_JUDGED_STEP
        self._before: set[str] = set()
        self.findings: tuple[Finding, ...] = ()

    def look(self, recorder: Recorder, *, judge: bool = False) -> str:
        """Why to stop; empty where nothing asks for it.

        Args:
            judge: Look for findings now, whatever the step.
        """
        if self._stop_on is not None and recorder.broken_steps >= BROKEN_STEPS:
            return f"the loss or the gradients were not finite for {recorder.broken_steps} steps in a row"
        if not judge and recorder.steps_done < self._next:
            return ""
        self._next = max(self._next, 1 << recorder.steps_done.bit_length())
        self.findings = recorder.diagnose().findings
        found = [finding for finding in self.findings if self._counts(finding)]
        lasting = next((finding for finding in found if finding.rule in self._before), None)
        self._before = {finding.rule for finding in found}
        return describe_finding(lasting) if lasting is not None else ""

    def _counts(self, finding: Finding) -> bool:
        # Steps that are not finite are counted by themselves: the run may get over them.
        return self._stop_on is not None and finding.rule != NON_FINITE and finding.severity.rank <= self._stop_on.rank


def describe_finding(finding: Finding) -> str:
    """A finding in one line, for a log."""
    return f"{finding.rule} {finding.name}: {finding.message}"
