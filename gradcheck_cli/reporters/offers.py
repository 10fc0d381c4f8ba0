"""Which changes of a config's text would mend a finding, best first, for formats that hold changes; it makes none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gradcheck_cli.diagnosis.fix_report import Attempt
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.reporters.numbers import show_count
from gradcheck_cli.reporters.replacements import Replacement, apply_fix, find_replacements
from gradcheck_cli.reporters.search_text import name_metric, show_change, show_titles
from gradcheck_cli.rules.base import Finding, Safety, Severity, Verdict


@dataclass(frozen=True)
class Offer:
    """One change that fits the text.

    Attributes:
        text: What it does, why, and what retraining showed of it.
        verdict: What fresh seeds showed; None where it was not put to the proof.
        after: The whole text with it.
        replacements: What differs; at least one.
    """

    text: str
    safety: Safety
    verdict: Verdict | None
    after: str
    replacements: tuple[Replacement, ...] = ()


def list_offers(finding: Finding, run: RunReport) -> Iterator[Offer]:
    """The change that a search has chosen where it does away with the finding, then the finding's own fixes in order.

    Advice has nothing to replace; what does not fit the text, changes nothing or was there already is left out.
    """
    if run.document is None:
        return
    before = run.document.text
    seen = {before}
    for offer in _list_all(finding, run):
        if offer.after not in seen:
            seen.add(offer.after)
            yield replace(offer, replacements=find_replacements(before, offer.after))


def _list_all(finding: Finding, run: RunReport) -> Iterator[Offer]:
    chosen = _find_chosen(finding, run)
    own = [(after, fix) for fix in finding.fixes if (after := apply_fix(fix, run)) is not None]
    # A change of a single fix is told as that fix, which has a reason.
    if chosen is not None and chosen.text not in [after for after, _ in own]:
        text = _describe(run, show_titles(chosen), verdict=chosen.verdict)
        yield Offer(text, chosen.safety, chosen.verdict, chosen.text)
    for after, fix in own:
        yield Offer(_describe(run, fix.title, reason=fix.reason, verdict=fix.verdict), fix.safety, fix.verdict, after)


def _find_chosen(finding: Finding, run: RunReport) -> Attempt | None:
    """The chosen change where it does away with the finding; a search looks for no cure of mere notes."""
    if run.fix is None or finding.severity is Severity.INFO:
        return None
    return None if any(left.rule == finding.rule for left in run.fix.remaining) else run.fix.chosen


def _describe(run: RunReport, title: str, *, reason: str = "", verdict: Verdict | None) -> str:
    parts = [f"{title}.", reason]
    if verdict is not None:
        seeds, change = show_count(verdict.seeds, "fresh seed"), f"{name_metric(run)} {show_change(verdict)}"
        parts.append(f"Tried on {seeds}: {verdict.outcome.value}, {change}.")
    return " ".join(filter(None, parts))
