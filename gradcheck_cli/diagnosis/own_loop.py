"""The report of a run that has no config behind it: one recorded in somebody's own loop; it reads no file."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.recording.history import History


def judge_recorded(history: History, *, select: Sequence[str] | None = None, ignore: Sequence[str] = ()) -> RunReport:
    """Apply the rules; fixes are advice.

    Raises:
        UsageError: `select` or `ignore` names a rule that does not exist.
    """
    judgement = judge(history, select=select, ignore=ignore)
    return RunReport(
        config=history.description.name,
        name=history.description.name,
        seed=history.environment.seed,
        status=history.status,
        history=history,
        harm=judgement.harm,
        coverage=judgement.coverage,
        rules=judgement.rules,
        findings=judgement.findings,
    )
