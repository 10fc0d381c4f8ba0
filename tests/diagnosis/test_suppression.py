from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradcheck_cli.diagnosis.check import CheckOptions, check_many, lint_many
from gradcheck_cli.diagnosis.report import RuleStatus, RunReport
from gradcheck_cli.rules.base import Severity

CONFIG = """\
data: {type: digits}
model:
  layers:
    - {type: Linear, out_features: 32}
    - {type: Linear, out_features: 32}
    - ReLU
    - {type: Linear, out_features: 10}
    - {type: Softmax, dim: 1}
loss: CrossEntropyLoss
optimizer: {type: SGD,
  lr: 50.0}
trainer:
  epochs: 2
"""
FOUND = {"GC501", "GC504", "GC506"}
LINEAR = "    - {type: Linear, out_features: 32}\n    - ReLU\n"
SOFTMAX = "{type: Softmax, dim: 1}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lint(text: str, options: CheckOptions | None = None) -> RunReport:
    Path("net.yaml").write_text(text, encoding="utf-8")
    return lint_many(["net.yaml"], options or CheckOptions()).runs[0]


def codes(run: RunReport) -> set[str]:
    return {finding.rule for finding in run.findings}


def test_without_comments_all_is_found() -> None:
    run = lint(CONFIG)
    assert codes(run) == FOUND
    assert run.suppressed == 0


@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        (SOFTMAX, f"{SOFTMAX}  # gradcheck: ignore[GC501] as exported", "GC501"),
        (SOFTMAX, f"{SOFTMAX}  #gradcheck:ignore[redundant-softmax]", "GC501"),
        (SOFTMAX, f"{SOFTMAX}  # gradcheck: ignore[ GC5 ] all of the output", "GC501"),
        ("    - {type: Softmax", "    # gradcheck: ignore[GC501]\n\n    # why\n    - {type: Softmax", "GC501"),
        ("  lr: 50.0}", "  lr: 50.0}  # gradcheck: ignore[GC506]", "GC506"),
        ("  lr: 50.0}", "  # gradcheck: ignore[GC506]\n  lr: 50.0}", "GC506"),
        ("data:", "# gradcheck: file-ignore[GC506] for a test\ndata:", "GC506"),
        ("  epochs: 2\n", "  epochs: 2\n# gradcheck: file-ignore[GC504]\n", "GC504"),
        (LINEAR, LINEAR.replace("}\n", "} # gradcheck: ignore[GC504, GC505]\n"), "GC504"),
    ],
)
def test_a_comment_silences_what_it_names(old: str, new: str, gone: str) -> None:
    run = lint(CONFIG.replace(old, new), CheckOptions(ignore=("GC002",)))
    assert codes(run) == FOUND - {gone}
    assert run.suppressed == 1
    [result] = [result for result in run.rules if result.rule == gone]
    assert (result.status, result.reason) == (RuleStatus.PASSED, "suppressed by a comment")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SOFTMAX, f"{SOFTMAX}  # gradcheck: ignore[GC504]"),
        ("  epochs: 2", "  epochs: 2  # gradcheck: ignore[GC501]"),
        ("loss: CrossEntropyLoss", "loss: CrossEntropyLoss  # see gradcheck: ignore[GC506]"),
        ("data: {type", 'name: "# gradcheck: file-ignore[GC5]"\ndata: {type'),
    ],
)
def test_a_comment_on_another_rule_or_line_and_a_text_silence_nothing(old: str, new: str) -> None:
    run = lint(CONFIG.replace(old, new), CheckOptions(ignore=("GC002",)))
    assert codes(run) == FOUND


@pytest.mark.parametrize(
    ("comment", "line", "why"),
    [
        ("# gradcheck: ignore[GC502]", 9, "No finding of the rules"),
        ("# gradcheck: ignore[GC599, GC502]", 9, "a rule that does not exist"),
        ("# gradcheck: ignore[GC5O2]", 9, "does not exist: did you mean 'GC502'?"),
        ("# gradcheck: ignore", 9, "not understood"),
        ("# gradcheck: disable=GC501", 9, "not understood"),
        ("# gradcheck: ignore[]", 9, "not understood"),
        ("# gradcheck: file-ignore[GC502]", 9, "No finding of the rules"),
    ],
)
def test_a_comment_that_silences_nothing_is_reported(comment: str, line: int, why: str) -> None:
    run = lint(CONFIG.replace("loss: CrossEntropyLoss", f"loss: CrossEntropyLoss  {comment} because"))
    [finding] = [finding for finding in run.findings if finding.rule == "GC002"]
    assert finding.severity is Severity.WARNING
    assert f"Line {line}: `{comment} because`" in finding.message
    assert why in finding.why
    assert finding.path == ("" if "file" in comment else "loss")
    assert finding.fingerprint
    assert {result.status for result in run.rules if result.rule == "GC002"} == {RuleStatus.FOUND}


def test_it_points_at_what_stands_on_the_line_of_the_comment() -> None:
    run = lint(CONFIG.replace("32}\n", "32} # gradcheck: ignore\n", 1))
    assert [finding.path for finding in run.findings if finding.rule == "GC002"] == ["model.layers[0]"]


@pytest.mark.parametrize("named", ["GC101", "overfitting", "GC1", "GC", "GC002"])
def test_rules_that_did_not_run_are_not_missed(named: str) -> None:
    run = lint(CONFIG.replace("loss: CrossEntropyLoss", f"loss: CrossEntropyLoss  # gradcheck: ignore[{named}]"))
    assert codes(run) == FOUND


def test_a_rule_that_is_not_selected_is_not_missed() -> None:
    text = CONFIG.replace(SOFTMAX, f"{SOFTMAX}  # gradcheck: ignore[GC501]")
    assert codes(lint(text, CheckOptions(ignore=("GC501",)))) == FOUND - {"GC501"}
    assert codes(lint(text, CheckOptions(select=("GC506",)))) == {"GC506"}


def test_the_report_on_a_comment_can_itself_be_silenced_and_graded() -> None:
    text = CONFIG.replace("loss: CrossEntropyLoss", "loss: CrossEntropyLoss  # gradcheck: ignore[GC502, GC002]")
    assert codes(lint(text)) == FOUND
    graded = text.replace(", GC002", "") + "diagnostics: {rules: {unused-suppression: {severity: error}}}\n"
    [finding] = [finding for finding in lint(graded).findings if finding.rule == "GC002"]
    assert finding.severity is Severity.ERROR


def test_a_used_and_an_unused_name_in_one_comment() -> None:
    run = lint(CONFIG.replace(SOFTMAX, f"{SOFTMAX}  # gradcheck: ignore[GC501, GC503]"))
    [finding] = [finding for finding in run.findings if finding.rule == "GC002"]
    assert finding.evidence[0].value == "GC503"
    assert "GC501" not in codes(run)


def test_trained_findings_are_silenced_too_and_overrides_change_no_comment() -> None:
    text = CONFIG.replace("lr: 50.0}", "lr: 0.05}").replace(f"    - {SOFTMAX}\n", "")
    text = (
        text.replace("trainer:", "trainer:  # gradcheck: ignore[GC602]")
        + "# gradcheck: file-ignore[loss-not-decreasing]\n"
    )
    Path("net.yaml").write_text(text, encoding="utf-8")
    options = CheckOptions(save=False, overrides=("trainer.max_steps=40", "optimizer.lr=1e-7"), seeds=2)
    [run] = check_many(["net.yaml"], options).runs
    assert "GC304" not in codes(run)
    assert "GC506" in codes(run)
    assert run.suppressed == 1
    [unused] = [finding for finding in run.findings if finding.rule == "GC002"]
    assert unused.evidence[0].value == "GC602"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ignore-fl[]GC501, *:#'\"x\t", max_size=30))
def test_whatever_a_comment_says_the_config_is_judged(text: str) -> None:
    run = lint(CONFIG.replace(SOFTMAX, f"{SOFTMAX} # gradcheck:{text}"))
    assert run.errors == ()
    assert codes(run) <= {*FOUND, "GC002"}
    assert ("GC501" in codes(run)) or run.suppressed


def test_errors_of_a_config_cannot_be_silenced() -> None:
    run = lint("# gradcheck: file-ignore[GC]\n" + CONFIG.replace("ReLU", "Relu"))
    assert len(run.errors) == 1
    assert run.findings == ()
