"""Tests of workflow commands: their escapes and limits, and that nothing in a config becomes one."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters.github import MOST_SUMMARY_BYTES, render, render_summary
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.rules.base import Finding, Severity
from tests.histories import make_finding, make_report

COMMAND = re.compile(r"::(error|warning|notice) ((?:\w+=[^,:\r\n]*,?)+)::([^\r\n]*)")


def commands(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """Kind, properties and message of each command, read as the runner reads them."""
    found = []
    for line in render(report, page=Page()).splitlines():
        if line.lstrip().startswith("::"):
            match = COMMAND.fullmatch(line)
            assert match is not None, line
            properties = dict(entry.split("=", 1) for entry in match[2].split(","))
            found.append((match[1], {key: unquote(value) for key, value in properties.items()}, unquote(match[3])))
    return found


def fifty() -> list[Finding]:
    severities = [Severity.INFO] * 12 + [Severity.ERROR] * 20 + [Severity.WARNING] * 18
    return [make_finding(severity=severity, fingerprint=str(n)) for n, severity in enumerate(severities)]


def test_of_fifty_findings_ten_of_a_kind_worst_first() -> None:
    report = make_report(*fifty())
    assert [kind for kind, _, _ in commands(report)] == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    last = render(report, page=Page()).splitlines()[-1]
    assert last == "GitHub shows 10 annotations of a kind; without one: 10 errors, 8 warnings, 2 notices"


def test_ten_of_a_kind_are_all_shown() -> None:
    text = render(make_report(*[make_finding() for _ in range(10)]), page=Page())
    assert "without one" not in text


def test_the_text_comes_first() -> None:
    text = render(make_report(make_finding()), page=Page())
    assert text.startswith("✗ example is not healthy: vanishing-gradient")
    assert text.splitlines()[-1].startswith("::error ")


def test_nothing_found_is_no_command() -> None:
    assert commands(make_report()) == []


def test_a_command_has_title_place_and_details() -> None:
    document = parse_document("data: iris\nmodel:\n  layers:\n    - ReLU\n", source="configs/example.yaml")
    ((kind, properties, message),) = commands(make_report(make_finding(), document=document))
    assert kind == "error"
    assert properties["title"] == "GC101 vanishing-gradient"
    assert [properties[key] for key in ("line", "col", "endLine", "endColumn")] == ["4", "7", "4", "11"]
    assert message.splitlines() == [
        "The gradient fades before it reaches linear_1. It is 1e-06 of what the last layer gets.",
        "Layers without gradient stay as they were initialised.",
        "Measured: backward signal, first over last layer: 1.0e-6 ratio (limit 0.003)",
    ]


def test_what_spans_lines_is_shown_at_its_first() -> None:
    document = parse_document("model:\n  layers:\n    - type: ReLU\n      name: a\n", source="configs/example.yaml")
    ((_, properties, _),) = commands(make_report(make_finding(), document=document))
    assert properties["line"] == "3"
    assert not {"endLine", "endColumn"} & set(properties)


@pytest.mark.parametrize("name", ["a,b.yaml", "a:b.yaml", "100%.yaml", "a=b.yaml", "%0A::error::x.yaml", "a::b,.yaml"])
def test_file_names_are_escaped(name: str) -> None:
    ((_, properties, _),) = commands(make_report(make_finding(), config=name))
    assert properties["file"].endswith(name)


@pytest.mark.parametrize("message", ["100 % of\nit", "%0A", "a\r\nb", "::error::x", "tab\tand\x1b[2J"])
def test_messages_stay_on_their_line(message: str) -> None:
    ((_, _, shown),) = commands(make_report(make_finding(message=message)))
    assert "\x1b" not in shown
    assert shown.splitlines()[0].replace(" ", "")[:3] == message.replace("\r", "").splitlines()[0].replace(" ", "")[:3]


@pytest.mark.parametrize("attack", ["::error::x", "  ::stop-commands::x", "a ##[error]b", "::add-mask::e"])
def test_no_text_of_a_config_is_a_command(attack: str) -> None:
    report = make_report(make_finding(message=f"said {'x' * 66} {attack}", why=attack, layers=(attack,)))
    text = render(report, page=Page(width=40))
    obeyed = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert len(obeyed) == len(commands(report)) == 1
    assert "##[" not in "\n".join(line for line in text.splitlines() if line not in obeyed)


def test_job_summary_keeps_its_limit() -> None:
    findings = [make_finding(message="ä" * 3000, fingerprint=str(n)) for n in range(50)]
    summary = render_summary(make_report(*findings))
    assert 32_000 < len(summary.encode()) <= MOST_SUMMARY_BYTES < 2**16
    assert summary.endswith("*The report goes on; this is what fits here.*\n")


def test_a_short_summary_is_whole() -> None:
    assert "goes on" not in render_summary(make_report(make_finding()))
