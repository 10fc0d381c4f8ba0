"""Reports of runs that were judged: trained, only read, or refused by torch; it trains none of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.failed_runs import locate_problems
from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.diagnosis.refusal import blame, mark_invalid
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.errors import DataError, GradcheckError
from gradcheck_cli.recording.history import Environment, History, RunStatus
from gradcheck_cli.recording.refused_network import RefusedNetworkError

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document
    from gradcheck_cli.config.schema import Config
    from gradcheck_cli.recording.description import RunDescription


def report_run(history: History, config: Config, document: Document) -> RunReport:
    """Of a run that can be judged; what it was not trained for, its rules skip."""
    judgement = judge(history, config, document)
    return RunReport(
        config=document.source,
        name=config.name,
        seed=history.environment.seed,
        status=history.status,
        history=history,
        document=document,
        harm=judgement.harm,
        coverage=judgement.coverage,
        rules=judgement.rules,
        findings=judgement.findings,
        diagnostics=config.diagnostics,
    )


def report_refused(config: Config, document: Document, error: GradcheckError) -> RunReport:
    """The report of a network or data that cannot be used, with what the rules say that need no training."""
    profile = error.profile if isinstance(error, DataError) else None
    description = error.description if isinstance(error, RefusedNetworkError) else None
    failed = replace(describe_untrained(config, RunStatus.FAILED, description), data_profile=profile)
    judged = report_run(failed, config, document)
    findings = blame(judged.findings, error.problems)
    rules = mark_invalid(judged.rules, error.problems)
    return replace(judged, errors=locate_problems(error.problems, document), rules=rules, findings=findings)


def describe_untrained(config: Config, status: RunStatus, description: RunDescription | None = None) -> History:
    """A History of a run that was not trained; its description is made of the config alone where none is given."""
    from gradcheck_cli.recording.describing import describe

    threads = config.trainer.threads or 0
    environment = Environment(config.seed, threads, config.trainer.device.value, config.trainer.precision.value)
    notes = tuple(
        f"What {factory} makes is not looked at without training."
        for factory in (config.model.factory, config.data.arguments.get("factory"))
        if factory and status is RunStatus.LINTED
    )
    return History(description=description or describe(config), environment=environment, status=status, notes=notes)
