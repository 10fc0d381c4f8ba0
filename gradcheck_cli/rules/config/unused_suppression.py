"""GC002: comments that suppress nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity
from gradcheck_cli.rules.fixes.suggestion import advise

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class UnusedSuppression(Rule):
    """A comment that suppresses nothing.

    ## What it detects
    A comment `# gradcheck: ignore[...]` or `# gradcheck: file-ignore[...]` that silences no finding, that names a rule
    which does not exist, or that cannot be understood.

    ## Why it matters
    It hides the finding when the fault comes back, and says to readers that there is a fault where there is none.

    ## How it decides
    A comment is used where a finding of a rule that it names stands on its line, or on the next line with a value for a
    comment on a line of its own; anywhere in the file for `file-ignore`. Rules that did not run do not count: what only
    a trained run can show is not missed by `gradcheck lint`.

    ## Fixes and their safety
    Remove the comment, or correct the name of the rule (advice: comments are yours to edit).

    ## When to ignore it
    When a finding comes and goes between machines or versions. Write `ignore[GC002]` beside the other rule.

    ## References
    The same check in other tools: `unused-noqa` of ruff, `--report-unused-disable-directives` of ESLint.
    """

    code: ClassVar[str] = "GC002"
    name: ClassVar[str] = "unused-suppression"
    summary: ClassVar[str] = "A comment that suppresses findings has none to suppress."
    family: ClassVar[Family] = Family.CONFIG
    needs: ClassVar[frozenset[Need]] = frozenset()

    def check(self, run: History) -> Iterator[Finding]:
        """Nothing: a run knows of no comments. `diagnosis.suppression` makes the findings, once all rules are done."""
        return iter(())

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return (
            advise(
                "Remove the comment, or correct the rule that it names",
                reason="What it was to silence is not there.",
            ),
        )


def report_comment(comment: str, *, line: int, path: str, unused: Sequence[str], why: str) -> Finding:
    """The finding on one comment.

    Args:
        comment: As written, from its `#`.
        path: The config path that it speaks of; empty for the whole file.
        unused: The rules in its brackets that it names for nothing, as written.
        why: What is the matter with it, as a sentence.
    """
    rule = UnusedSuppression()
    finding = Finding(
        rule=rule.code,
        name=rule.name,
        message=f"A comment suppresses nothing. Line {line}: `{comment}`.",
        why=why,
        path=path,
        evidence=(Evidence("rules named for nothing", ", ".join(unused) or "none", unit="in the comment"),),
        ceiling=Severity.WARNING,
    )
    return replace(finding, fixes=tuple(rule.fixes(finding, None)))
