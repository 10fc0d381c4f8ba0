from __future__ import annotations

import pytest

from gradcheck_cli.diagnosis.causes import EDGES, count_causes, link_causes
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Finding, Severity
from tests.histories import make_finding


def finding(code: str, *, step: int | None = None, severity: Severity = Severity.ERROR, **fields: object) -> Finding:
    return make_finding(code, code.lower(), first_step=step, severity=severity, **fields)


def explained(*findings: Finding) -> dict[str, str | None]:
    return {entry.rule: entry.explained_by for entry in link_causes(findings)}


def test_table_names_rules_that_exist_and_never_leads_back() -> None:
    codes = {rule.code for rule in ALL}
    assert set(EDGES) | {code for effects in EDGES.values() for code in effects} <= codes
    for code in EDGES:
        reached, todo = set(), list(EDGES[code])
        while todo:
            reached.add(current := todo.pop())
            todo.extend(EDGES.get(current, ()))
        assert code not in reached


def test_outcome_is_explained_by_what_brought_it_about() -> None:
    assert explained(finding("GC101", step=0), finding("GC304")) == {"GC101": None, "GC304": "GC101"}


def test_the_most_basic_cause_is_named() -> None:
    chain = [finding("GC102", step=1), finding("GC301", step=2), finding("GC302")]
    assert explained(*chain) == {"GC102": None, "GC301": "GC102", "GC302": "GC102"}
    linked = link_causes(chain)
    assert linked[0].explains == ("GC301", "GC302")
    assert [count_causes(entry, linked) for entry in linked] == [0, 1, 1]


def test_what_came_later_is_no_cause() -> None:
    assert explained(finding("GC102", step=9), finding("GC101", step=3)) == {"GC102": None, "GC101": None}
    assert explained(finding("GC102", step=3), finding("GC101", step=3))["GC101"] == "GC102"


def test_a_note_explains_nothing() -> None:
    assert explained(finding("GC102", step=0, severity=Severity.INFO), finding("GC302"))["GC302"] is None


def test_a_finding_may_bring_about_less_than_its_rule() -> None:
    low = finding("GC506", effects=("GC304", "GC305"))
    assert explained(low, finding("GC304"), finding("GC302")) == {"GC506": None, "GC304": "GC506", "GC302": None}
    assert explained(finding("GC506"), finding("GC302"))["GC302"] == "GC506"


def test_what_is_at_most_a_warning_explains_no_error() -> None:
    cause = finding("GC102", step=0, severity=Severity.WARNING, ceiling=Severity.WARNING)
    assert explained(cause, finding("GC302"))["GC302"] is None
    assert explained(cause, finding("GC302", severity=Severity.WARNING))["GC302"] == "GC102"


@pytest.mark.parametrize(
    ("ceiling", "severity"), [(Severity.ERROR, Severity.ERROR), (Severity.WARNING, Severity.WARNING)]
)
def test_cause_takes_the_severity_of_what_it_explains_up_to_its_ceiling(ceiling: Severity, severity: Severity) -> None:
    cause = finding("GC305", severity=Severity.WARNING, ceiling=ceiling)
    assert link_causes([cause, finding("GC306")])[0].severity is severity


def test_findings_without_a_common_edge_stand_alone() -> None:
    assert explained(finding("GC401"), finding("GC101", step=0)) == {"GC401": None, "GC101": None}
