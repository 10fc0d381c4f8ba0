"""One run, judged: rules, harm, severity, causes and order; it trains nothing and reads no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.causes import count_causes, link_causes
from gradcheck_cli.diagnosis.coverage import measure_coverage
from gradcheck_cli.diagnosis.fingerprint import fingerprint, name_file
from gradcheck_cli.diagnosis.harm import find_harm
from gradcheck_cli.diagnosis.needs import find_skip_reason
from gradcheck_cli.diagnosis.report import Coverage, Harm, RuleResult, RuleStatus
from gradcheck_cli.diagnosis.suggestions import find_fixes
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Family, Finding, Need, Rule, Severity
from gradcheck_cli.rules.generalization.overfitting import Overfitting
from gradcheck_cli.rules.selection import Configured, configure, selected

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document
    from gradcheck_cli.config.schema import Config, DiagnosticsConfig

_ENDINGS = frozenset({Family.OUTCOME, Family.GENERALIZATION})
"""Families of the rules that say how a run ended."""


@dataclass(frozen=True)
class Judgement:
    """What came of judging one run; findings are ranked."""

    findings: tuple[Finding, ...]
    rules: tuple[RuleResult, ...]
    harm: Harm
    coverage: Coverage


@dataclass(frozen=True)
class _Verdict:
    """One rule's findings and its line in the report."""

    result: RuleResult
    findings: tuple[Finding, ...] = ()


def judge(
    history: History,
    config: Config | None = None,
    document: Document | None = None,
    *,
    diagnostics: DiagnosticsConfig | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
) -> Judgement:
    """Apply the rules that are selected, settle how much each finding matters, and rank them.

    Args:
        config: What the run was made from; None for a run without a config, whose fixes are then advice.
        document: Its text, for the name of the file.
        diagnostics: Of a run without a config.
        select: Goes over the config's own selection.
        ignore: Adds to the config's own.

    Raises:
        UsageError, ConfigError: A rule or threshold that is named does not exist.
    """
    diagnostics = config.diagnostics if config is not None else diagnostics
    configured = configure(diagnostics)
    chosen = choose_rules(diagnostics, select=select, ignore=ignore)
    # How a run ended decides on harm and on what explains it, whichever rules are shown.
    needed = [rule for rule in configured if rule in chosen or rule.family in _ENDINGS]
    verdicts = {rule: _apply(entry.rule, history, config) for rule, entry in configured.items() if rule in needed}
    overfitting = verdicts[Overfitting].findings
    harm = find_harm(history, overfitting=any(finding.harmful for finding in overfitting))
    is_outcome_taken = any(finding.ceiling is not Severity.INFO for finding in overfitting)
    source = name_file(document.source) if document is not None else history.description.name
    findings: dict[bool, list[Finding]] = {True: [], False: []}
    results: list[RuleResult] = []
    for rule in needed:
        verdict = verdicts[rule]
        if rule.only_with_harm and (harm.shown is not True or is_outcome_taken):
            verdict = _withdraw(verdict)
        settled = (_settle(finding, configured[rule], harm=harm) for finding in verdict.findings)
        findings[rule in chosen] += [_place(finding, history, source=source) for finding in settled]
        results += [verdict.result] if rule in chosen else []
    linked = _link(findings[True], hidden=findings[False])
    return Judgement(rank_findings(linked), tuple(results), harm, measure_coverage(history))


def choose_rules(
    diagnostics: DiagnosticsConfig | None,
    *,
    select: Sequence[str] | None,
    ignore: Sequence[str],
) -> tuple[type[Rule], ...]:
    """The rules to run: `select` goes over the config's, `ignore` adds to it."""
    own_select = diagnostics.select if diagnostics is not None else None
    own_ignore = diagnostics.ignore if diagnostics is not None else ()
    return selected(own_select if select is None else select, (*own_ignore, *ignore))


def _apply(rule: Rule, history: History, config: Config | None) -> _Verdict:
    reason = find_skip_reason(rule, history)
    if reason:
        return _Verdict(RuleResult(rule.code, rule.name, RuleStatus.SKIPPED, reason))
    # A fault in one rule must not cost the user what the others have to say; it is reported as a crash of ours.
    try:
        findings = tuple(rule.check(history))
    except Exception as error:  # noqa: BLE001
        return _Verdict(_describe_crash(rule, error))
    try:
        findings = tuple(
            replace(finding, fixes=find_fixes(rule, finding, config, description=history.description))
            for finding in findings
        )
    except Exception as error:  # noqa: BLE001
        return _Verdict(_describe_crash(rule, error), findings)
    status = RuleStatus.FOUND if findings else RuleStatus.PASSED
    return _Verdict(RuleResult(rule.code, rule.name, status), findings)


def _describe_crash(rule: Rule, error: Exception) -> RuleResult:
    return RuleResult(rule.code, rule.name, RuleStatus.CRASHED, f"{type(error).__name__}: {error}")


def _withdraw(verdict: _Verdict) -> _Verdict:
    """An outcome rule says nothing about a run that was not harmed, or whose outcome is overfitting."""
    if verdict.result.status is not RuleStatus.FOUND:
        return _Verdict(verdict.result)
    return _Verdict(replace(verdict.result, status=RuleStatus.PASSED))


def _settle(finding: Finding, configured: Configured, *, harm: Harm) -> Finding:
    """Set the severity by harm (contracts §3); a user's own severity goes over it.

    What shows without training becomes an error only by the harm that it explains, which is found out with the causes.
    """
    if configured.severity is not None:
        return replace(finding, severity=configured.severity, ceiling=configured.severity)
    severity, is_trained = finding.level, Need.TRAINING in configured.rule.needs
    if finding.ceiling is Severity.INFO or (harm.shown is True and is_trained and finding.level is not Severity.ERROR):
        severity = finding.ceiling
    elif harm.shown is False and finding.level is Severity.WARNING and _ends_well(configured.rule):
        severity = Severity.INFO
    return replace(finding, severity=severity)


def _link(shown: Sequence[Finding], *, hidden: Sequence[Finding]) -> tuple[Finding, ...]:
    """Causes and effects among what is shown; what is not shown still makes its cause as grave as it is."""
    graded = link_causes([*shown, *hidden])[: len(shown)]
    return link_causes(graded)


def _ends_well(rule: Rule) -> bool:
    """Whether a run without harm speaks against what the rule found before training."""
    return Need.TRAINING not in rule.needs and not rule.hidden_by_metric


def _place(finding: Finding, history: History, *, source: str) -> Finding:
    """Point at the first layer concerned where the rule names no place, and give the finding its fingerprint."""
    paths: Mapping[str, str | None] = {layer.name: layer.path for layer in history.description.layers}
    path = finding.path or next((paths.get(name) or "" for name in finding.layers), "")
    return replace(finding, path=path, fingerprint=fingerprint(finding, history.description, source=source))


def rank_findings(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """By severity, then causes before what they explain, then by family."""
    families = list(Family)
    family = {rule.code: families.index(rule.family) for rule in configure()}
    return tuple(
        sorted(findings, key=lambda f: (f.severity.rank, count_causes(f, findings), family[f.rule], f.rule, f.path))
    )
