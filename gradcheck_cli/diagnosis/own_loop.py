"""The report of a run that has no config behind it: one recorded in somebody's own loop; it reads no file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.recording.history import History

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import DiagnosticsConfig


def judge_recorded(
    history: History,
    diagnostics: DiagnosticsConfig | None = None,
    *,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
) -> RunReport:
    """Apply the rules; fixes are advice.

    Args:
        diagnostics: Thresholds and severities, where any are given.

    Raises:
        UsageError: `select` or `ignore` names a rule that does not exist.
    """
    judgement = judge(history, diagnostics=diagnostics, select=select, ignore=ignore)
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
