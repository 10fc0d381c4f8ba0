"""Reports of searches for a fix, for the tests of formats."""

from __future__ import annotations

from typing import Any

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edit_types import Edit, EditOp
from gradcheck_cli.diagnosis.fix_report import Attempt, FixOutcome, FixReport
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.rules.base import Finding, Fix, Safety, Spread, Verdict, VerdictOutcome
from tests.histories import make_finding, make_fix, make_report

TEXT = "seed: 0\noptimizer: {type: SGD, lr: 0.1}\ntrainer: {epochs: 2}\n"
FIXED = TEXT.replace("0.1", "0.01")
COMBINED = FIXED.replace("epochs: 2", "epochs: 9")


def make_verdict(outcome: VerdictOutcome = VerdictOutcome.FIXED) -> Verdict:
    good = outcome is VerdictOutcome.FIXED
    return Verdict(outcome, 3, Spread(0.1, 0.01), Spread(0.9 if good else 0.1, 0.02), None, good, good)


def lower_rate(verdict: Verdict | None = None) -> Fix:
    return make_fix(
        "Lower the rate", safety=Safety.SAFE, edits=(Edit(EditOp.SET, "optimizer.lr", 0.01),), verdict=verdict
    )


def raise_rate(verdict: Verdict | None = None) -> Fix:
    return make_fix(
        "Raise the rate", safety=Safety.SAFE, edits=(Edit(EditOp.SET, "optimizer.lr", 1.0),), verdict=verdict
    )


def make_attempt(text: str = FIXED, *titles: str, safety: Safety = Safety.SAFE) -> Attempt:
    return Attempt(titles or ("Lower the rate",), safety, "GC101", 1.0, 0.9, verdict=make_verdict(), text=text)


def make_search(
    *findings: Finding, outcome: FixOutcome = FixOutcome.FIXED, chosen: Attempt | None = None, **fields: Any
) -> Report:
    """The report of `fix` on one config."""
    fix = FixReport(outcome, 6.4, metric=0.1, chosen=chosen, **fields)
    document = parse_document(TEXT, source="a.yaml")
    return make_report(*(findings or (make_finding(),)), config="a.yaml", document=document, fix=fix)
