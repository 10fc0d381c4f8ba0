"""The first lines of a run: what is wrong, if anything, and how good the network became."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.recording.history import History, RunStatus
from gradcheck_cli.reporters.full.text import DIM, INDENT, PASSED, SEVERITY_STYLES, STRONG, join, style
from gradcheck_cli.reporters.numbers import show_count, show_metric, show_seconds
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.roots import Root
from gradcheck_cli.reporters.symbols import Symbols
from gradcheck_cli.reporters.verdict_text import describe_metric
from gradcheck_cli.rules.base import Severity

_WORDS = {
    Severity.ERROR: "is not healthy",
    Severity.WARNING: "may not be healthy",
    Severity.INFO: "is healthy, but see",
}
_ENDINGS = {
    RunStatus.EARLY_STOPPING: "ended by early stopping",
    RunStatus.STOPPED_BY_VERDICT: "was stopped early, because the verdict was clear",
    RunStatus.DIVERGED: "diverged",
    RunStatus.INTERRUPTED: "was interrupted; judged on what was recorded until then",
    RunStatus.FAILED: "failed",
}


def draw_verdict(run: RunReport, roots: tuple[Root, ...], *, page: Page) -> Iterator[RenderableType]:
    """The verdict in one line, then metric against references, harm, and how long the run was."""
    yield join(*describe_verdict(run, roots, symbols=page.symbols))
    details = [_describe_outcome(run), _describe_harm(run), *_describe_course(run)]
    for detail in filter(None, details):
        yield Padding(detail, (0, 0, 0, INDENT))


def describe_verdict(run: RunReport, roots: tuple[Root, ...], *, symbols: Symbols) -> tuple[Text, ...]:
    """Mark, name of the run, and the main cause."""
    name = style(run.name, STRONG)
    if run.errors:
        problems = show_count(len(run.errors), "problem")
        failed = f" could not be {_name_failure(run)}: {problems}"
        return style(f"{symbols.error} ", SEVERITY_STYLES[Severity.ERROR]), name, style(failed)
    if not roots:
        return style(f"{symbols.passed} ", PASSED), name, style(": nothing to report")
    first = roots[0].finding
    mark = style(f"{symbols.of(first.severity)} ", SEVERITY_STYLES[first.severity])
    others = sum(1 for root in roots[1:] if first.severity is root.finding.severity or not _is_note(root))
    more = f" and {others} more" if others else ""
    return (
        mark,
        name,
        style(f" {_WORDS[first.severity]}: "),
        style(first.name, SEVERITY_STYLES[first.severity]),
        style(more),
    )


def _name_failure(run: RunReport) -> str:
    """What could not be done with a config that has problems."""
    if run.history is None:
        return "read"
    # One that was trained has a problem only where the search for its fix was broken off.
    return "trained" if run.history.steps is None else "fixed in time"


def _is_note(root: Root) -> bool:
    return root.finding.severity is Severity.INFO


def _describe_outcome(run: RunReport) -> Text | None:
    outcome = run.history.outcome if run.history else None
    if outcome is None:
        return None
    references = [
        f"{name.replace('_', ' ')} {show_metric(reference.metric)}" for name, reference in outcome.references.items()
    ]
    against = f", against {', '.join(references)}" if references else ""
    return join(style(describe_metric(outcome), STRONG), style(against, DIM))


def _describe_harm(run: RunReport) -> Text | None:
    if run.harm.shown is False or not run.harm.explanation or run.history is None or run.history.steps is None:
        return None
    label = "Harm: " if run.harm.shown else "Harm cannot be told: "
    return join(style(label, SEVERITY_STYLES[Severity.ERROR] if run.harm.shown else DIM), run.harm.explanation)


def _describe_course(run: RunReport) -> Iterator[Text]:
    if run.history is None or run.history.steps is None:
        if run.status is RunStatus.LINTED:
            yield style(f"{run.config}, read only, not trained", DIM)
        return
    yield style(f"{run.config}, {_show_length(run.history)}, seed {run.seed}", DIM)
    if run.seed_metrics is not None:
        metrics = ", ".join(show_metric(metric) for metric in run.seed_metrics)
        name = run.history.outcome.metric_name.replace("_", " ") if run.history.outcome else "metric"
        last = run.seed + len(run.seed_metrics) - 1
        yield style(f"{name} of seeds {run.seed} to {last}: {metrics}", DIM)
    ending = _ENDINGS.get(run.history.status, "")
    if ending or run.history.stopped_because:
        yield style(": ".join(filter(None, (f"The run {ending}" if ending else "", run.history.stopped_because))))


def _show_length(history: History) -> str:
    planned = history.description.planned_steps
    steps = show_count(history.steps_done, "step")
    if planned is not None and planned != history.steps_done:
        steps = f"{history.steps_done:,} of {show_count(planned, 'step')}"
    return f"{steps}, {show_count(history.epochs_done, 'epoch')}, {show_seconds(history.seconds)}"
