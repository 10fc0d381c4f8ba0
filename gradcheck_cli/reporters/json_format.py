"""The JSON report of contracts §4, key for key; it rounds nothing and leaves no key out."""

from __future__ import annotations

import json
import math
from typing import Any

from gradcheck_cli import __version__
from gradcheck_cli.diagnosis.report import Report, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import History, Outcome
from gradcheck_cli.reporters.json_fix import describe_search, describe_verdict
from gradcheck_cli.reporters.locations import locate
from gradcheck_cli.reporters.measures import pick_losses
from gradcheck_cli.rules.base import Evidence, Finding, Fix
from gradcheck_cli.rules.config.invalid_config import InvalidConfig

SCHEMA_VERSION = 1
_REFERENCES = ("trivial", "nearest_neighbours", "linear")


def render(report: Report) -> str:
    """The report as one JSON document, indented, ending in a newline."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "gradcheck", "version": __version__},
        "exit_code": report.exit_code,
        "runs": [_describe_run(run) for run in report.runs],
    }
    return json.dumps(make_plain(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def make_plain(value: Any) -> Any:
    """Turn a value into what JSON can hold: non-finite numbers become `"nan"`, `"inf"` and `"-inf"`."""
    if isinstance(value, dict):
        return {str(key): make_plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [make_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value is None or isinstance(value, str | int | float):
        return value
    return make_plain(value.item()) if isinstance(value, np.generic) else str(value)


def _describe_run(run: RunReport) -> dict[str, Any]:
    history = run.history
    return {
        "config": run.config,
        "name": run.name,
        "seed": run.seed,
        "threads": history.environment.threads if history else None,
        "run_dir": None if run.run_dir is None else str(run.run_dir),
        "status": run.status.value,
        "errors": [_describe_problem(problem) for problem in run.errors],
        **_describe_length(history),
        "metric": _describe_metric(history.outcome if history else None),
        "seed_metrics": run.seed_metrics,
        "losses": vars(pick_losses(history)),
        "references": _describe_references(history.outcome if history else None),
        "harm": vars(run.harm),
        "coverage": vars(run.coverage) if run.coverage else {"layers_observed": None, "layers": None, "note": None},
        "rules": [
            {"rule": result.rule, "name": result.name, "status": result.status.value, "reason": result.reason}
            for result in run.rules
        ],
        "findings": [_describe_finding(finding, run) for finding in run.findings],
        "fix": describe_search(run.fix),
    }


def _describe_problem(problem: Problem) -> dict[str, Any]:
    return {
        "rule": InvalidConfig.code if problem.is_of_config else None,
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "allowed": problem.allowed or None,
        "hint": problem.hint or None,
    }


def _describe_length(history: History | None) -> dict[str, Any]:
    """Steps, epochs and seconds; null where nothing was trained."""
    trained = history is not None and history.steps is not None
    return {
        "steps": history.steps_done if history and trained else None,
        "planned_steps": history.description.planned_steps if history else None,
        "epochs": history.epochs_done if history and trained else None,
        "seconds": history.seconds if history and trained else None,
    }


def _describe_metric(outcome: Outcome | None) -> dict[str, Any]:
    known = outcome is not None
    return {
        "name": outcome.metric_name if outcome else None,
        # All metrics so far (accuracy, balanced accuracy, R2) grow with quality.
        "higher_is_better": True if known else None,
        "value": outcome.value if outcome else None,
        "best": outcome.best if outcome else None,
        "standard_error": outcome.standard_error if outcome else None,
    }


def _describe_references(outcome: Outcome | None) -> dict[str, float | None]:
    known = outcome.references if outcome else {}
    return {name: known[name].metric if name in known else None for name in _REFERENCES}


def _describe_finding(finding: Finding, run: RunReport) -> dict[str, Any]:
    place = locate(finding.path, run)
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "why": finding.why,
        "path": finding.path,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "end_line": place.end_line if place else None,
        "end_column": place.end_column if place else None,
        "layers": finding.layers,
        "first_step": finding.first_step,
        "fingerprint": finding.fingerprint,
        "seeds": {"found": finding.seeds.found, "of": finding.seeds.of},
        "explains": finding.explains,
        "evidence": [_describe_evidence(evidence) for evidence in finding.evidence],
        "fixes": [_describe_fix(fix) for fix in finding.fixes],
    }


def _describe_evidence(evidence: Evidence) -> dict[str, Any]:
    return {"name": evidence.name, "value": evidence.value, "limit": evidence.limit, "unit": evidence.unit}


def _describe_fix(fix: Fix) -> dict[str, Any]:
    edits = [{"op": edit.op.value, "path": edit.path, "value": edit.value} for edit in fix.edits]
    return {
        "title": fix.title,
        "safety": fix.safety.value,
        "reason": fix.reason,
        "edits": edits,
        "verdict": describe_verdict(fix.verdict),
    }
