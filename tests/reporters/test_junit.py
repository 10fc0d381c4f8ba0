"""Tests of JUnit XML, read back by junitparser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml, TestCase

from gradcheck_cli.diagnosis.report import Report, RuleResult, RuleStatus, RunReport
from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.reporters.junit import render
from gradcheck_cli.rules.base import Severity
from tests.histories import make_finding, make_report

RULES = (
    RuleResult("GC001", "invalid-config", RuleStatus.PASSED),
    RuleResult("GC101", "vanishing-gradient", RuleStatus.FOUND),
    RuleResult("GC102", "exploding-gradient", RuleStatus.PASSED),
    RuleResult("GC103", "vanishing-through-time", RuleStatus.SKIPPED, "there is no recurrent layer"),
    RuleResult("GC104", "exploding-through-time", RuleStatus.CRASHED, "KeyError: 'x'"),
)


def read(report: Report) -> tuple[JUnitXml, dict[str, TestCase]]:
    suites = JUnitXml.fromstring(render(report).encode())
    return suites, {case.name: case for suite in suites for case in suite}


def test_a_case_for_each_rule() -> None:
    suites, cases = read(make_report(make_finding(), rules=RULES))
    assert (suites.tests, suites.failures, suites.errors, suites.skipped) == (5, 1, 1, 1)
    assert [f"{rule.rule} {rule.name}" for rule in RULES] == list(cases)
    assert cases["GC001 invalid-config"].is_passed
    (failure,) = cases["GC101 vanishing-gradient"].result
    assert (type(failure).__name__, failure.type) == ("Failure", "error")
    assert failure.message.startswith("The gradient fades")
    assert "configs/example.yaml:1:1: error" in failure.text
    assert "Measured: backward signal" in failure.text
    assert cases["GC102 exploding-gradient"].is_passed
    (skipped,) = cases["GC103 vanishing-through-time"].result
    assert (type(skipped).__name__, skipped.message) == ("Skipped", "there is no recurrent layer")
    (error,) = cases["GC104 exploding-through-time"].result
    assert (type(error).__name__, error.message, error.type) == ("Error", "KeyError: 'x'", "rule-crashed")


def test_a_suite_for_each_config_with_its_time() -> None:
    (run,) = make_report().runs
    suites, _ = read(Report("check", (run, replace(run, config="other.yaml")), 0))
    assert [(suite.name, suite.time) for suite in suites] == [("configs/example.yaml", 1.5), ("other.yaml", 1.5)]
    assert suites.time == 3.0


@pytest.mark.parametrize(
    ("severity", "fail_on", "failures"),
    [
        (Severity.ERROR, "error", 1),
        (Severity.WARNING, "error", 0),
        (Severity.WARNING, "warning", 1),
        (Severity.INFO, "info", 1),
        (Severity.ERROR, "never", 0),
    ],
)
def test_a_case_fails_where_the_exit_code_counts_it(severity: Severity, fail_on: str, failures: int) -> None:
    report = replace(make_report(make_finding(severity=severity)), fail_on=fail_on)
    suites, cases = read(report)
    assert suites.failures == failures
    if not failures:
        assert "The gradient fades" in cases["GC101 vanishing-gradient"].system_out


def test_several_findings_of_a_rule_are_one_case() -> None:
    twice = (make_finding(severity=Severity.WARNING, message="One."), make_finding(message="Two."))
    suites, cases = read(make_report(*twice, rules=RULES[1:2]))
    assert suites.failures == 1
    (failure,) = cases["GC101 vanishing-gradient"].result
    assert failure.text.index("One.") < failure.text.index("Two.")


def test_a_config_that_cannot_be_read_is_an_error_of_its_rule() -> None:
    problems = (Problem("loss", "unknown", line=3, column=7), Problem("data", "missing"))
    suites, cases = read(Report("lint", (RunReport("a.yaml", "a", 0, RunStatus.FAILED, errors=problems),), 2))
    (error,) = cases["GC001 invalid-config"].result
    assert (suites.errors, error.type, error.message) == (1, "GC001", "loss: unknown")
    assert "a.yaml:3:7: error\nloss: unknown" in error.text
    assert "data: missing" in error.text


def test_a_run_that_failed_otherwise_is_a_case_of_its_own() -> None:
    late = (Problem("", "not done after 5 seconds", is_of_config=False),)
    suites, cases = read(make_report(errors=late, rules=RULES[:1]))
    (error,) = cases["run"].result
    assert (suites.errors, error.type, error.message) == (1, "run-failed", "not done after 5 seconds")
    assert cases["GC001 invalid-config"].is_passed


@given(st.text())
def test_whatever_a_config_says_is_xml(text: str) -> None:
    finding = make_finding(message=f"{text}.", why=text)
    report = make_report(finding, config=f"a{text}.yaml".replace("\0", ""), errors=(Problem("", text),))
    suites, _ = read(report)
    assert suites.failures == 1
