"""Ends somebody's own loop when a finding is there to stay; what a finding is, rules decide."""

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


class StopOn:
    """Looks for findings at validations and at steps 128, 256, 512, ...; one counts when it comes twice in a row."""

    def __init__(self, severity: str) -> None:
        """Raises:
        UsageError: There is no such severity.
        """
        if severity not in list(Severity):
            raise UsageError([Problem("stop_on", f"{severity!r} is no severity", allowed=", ".join(Severity))])
        self._severity = Severity(severity)
        self._next = FIRST_JUDGED_STEP
        self._before: set[str] = set()

    def find_reason(self, recorder: Recorder, *, broken_steps: int, judge: bool) -> str:
        """Why to stop; empty where nothing asks for it.

        Args:
            broken_steps: Non-finite steps in a row, up to the last one.
            judge: Look for findings now, whatever the step.
        """
        if broken_steps >= BROKEN_STEPS:
            return f"the loss or the gradients were not finite for {broken_steps} steps in a row"
        if not judge and recorder.steps_done < self._next:
            return ""
        self._next = max(self._next, 1 << recorder.steps_done.bit_length())
        found = [finding for finding in recorder.diagnose().findings if self._counts(finding)]
        lasting = next((finding for finding in found if finding.rule in self._before), None)
        self._before = {finding.rule for finding in found}
        return f"{lasting.rule} {lasting.name}: {lasting.message}" if lasting is not None else ""

    def _counts(self, finding: Finding) -> bool:
        # A step that is not finite is counted above: the run may get over it.
        return finding.rule != NON_FINITE and finding.severity.rank <= self._severity.rank
