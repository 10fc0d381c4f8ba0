from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gradcheck_cli.diagnosis.check import (
    CheckOptions,
    check_config,
    check_many,
    lint_config,
    lint_many,
    report_saved,
    summarize_config,
)
from gradcheck_cli.diagnosis.many_runs import run_in_parallel
from gradcheck_cli.diagnosis.report import RuleStatus, RunReport
from gradcheck_cli.errors import ConfigError, RunFolderError, UsageError
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.recording.storage import histories_equal
from tests.histories import make_history

GOOD = """
data: {type: wine, standardize: true}
model:
  layers: [{type: Linear, out_features: 16}, ReLU, {type: Linear, out_features: 3}]
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 0.02}
trainer: {epochs: 8, batch_size: 16}
"""
STUCK = GOOD.replace("lr: 0.02", "lr: 1e-7")
SQUASHED = GOOD.replace("out_features: 3}]", "out_features: 3}, {type: Softmax, dim: 1}]")
UNSAVED = CheckOptions(save=False)

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a config into the current directory; its name comes back."""
    monkeypatch.chdir(tmp_path)

    def write_one(text: str, name: str = "good.yaml") -> str:
        Path(name).write_text(text, encoding="utf-8")
        return name

    return write_one


def codes(run: RunReport) -> list[str]:
    return [finding.rule for finding in run.findings]


def test_healthy_config(write: Write) -> None:
    report = check_many([write(GOOD)], UNSAVED)
    assert report.exit_code == 0
    assert report.runs[0].status is RunStatus.COMPLETED
    assert report.runs[0].findings == ()
    assert report.runs[0].run_dir is None


def test_harmed_config(write: Write) -> None:
    report = check_many([write(STUCK)], UNSAVED)
    assert report.exit_code == 1
    assert codes(report.runs[0])[:2] == ["GC506", "GC304"]
    assert check_many(["good.yaml"], replace(UNSAVED, ignore=("GC304",))).exit_code == 1
    assert check_many(["good.yaml"], replace(UNSAVED, ignore=("GC304", "GC506"))).exit_code == 0


def test_overrides_and_selection_of_the_command(write: Write) -> None:
    run = check_config(write(STUCK), replace(UNSAVED, overrides=("optimizer.lr=0.02", "seed=5")))
    assert run.findings == ()
    assert run.seed == 5


def test_everything_wrong_with_a_config_is_reported_with_its_place(write: Write) -> None:
    run = check_config(write(GOOD.replace("Adam", "Adamm").replace("ReLU", "ReLUU")), UNSAVED)
    assert run.status is RunStatus.FAILED
    assert [problem.path for problem in run.errors] == ["model.layers[1]", "optimizer.type"]
    assert all(problem.line and problem.column for problem in run.errors)


def test_threshold_that_does_not_exist_is_an_error_of_the_config(write: Write) -> None:
    run = lint_config(write(GOOD + "diagnostics: {rules: {overfitting: {min_rice: 1}}}\n"))
    assert run.errors[0].path == "diagnostics.rules.overfitting.min_rice"


def test_rule_that_does_not_exist_is_said_before_anything_is_read() -> None:
    for command in (check_many, lint_many):
        with pytest.raises(UsageError, match="GC999"):
            command(["absent.yaml"], CheckOptions(select=("GC999",)))


def test_file_that_is_not_there(write: Write) -> None:
    report = check_many(["absent.yaml"], UNSAVED)
    assert report.exit_code == 2
    assert "does not exist" in report.runs[0].errors[0].message


def test_data_that_cannot_be_loaded(write: Write) -> None:
    text = GOOD.replace("{type: wine, standardize: true}", "{type: csv, path: absent.csv, target: y}")
    run = check_config(write(text), UNSAVED)
    assert run.status is RunStatus.FAILED
    assert "absent.csv" in str(run.errors[0])
    assert run.errors[0].line == 2


def test_network_that_torch_refuses_is_linted_all_the_same(write: Write) -> None:
    text = SQUASHED.replace("{type: Linear, out_features: 16}", "{type: Linear, in_features: 5, out_features: 16}")
    run = check_config(write(text), UNSAVED)
    assert run.status is RunStatus.FAILED
    assert run.errors[0].line is not None
    assert codes(run) == ["GC501"]


def test_run_is_saved_and_judged_again(write: Write, tmp_path: Path) -> None:
    run = check_config(write(STUCK, "stuck.yaml"))
    assert run.run_dir is not None
    assert run.run_dir.parent == Path(".gradcheck/runs")
    assert len((run.run_dir / "metrics.jsonl").read_text().splitlines()) == 8
    assert json.loads((run.run_dir / "findings.json").read_text())[0]["rule"] == "GC506"
    again = report_saved()
    assert again.exit_code == 1
    assert again.runs[0].findings == run.findings
    assert histories_equal(timeless(again.runs[0]), timeless(run))
    assert report_saved("stuck", CheckOptions(ignore=("GC304", "GC506"))).exit_code == 0
    assert report_saved(str(run.run_dir), CheckOptions(overrides=("diagnostics.select=[GC1]",))).exit_code == 0


def test_saved_run_remembers_what_was_set_over_its_text(write: Write) -> None:
    ignoring = CheckOptions(overrides=("diagnostics.ignore=[GC2, GC3, GC5]", "trainer.epochs=3"))
    run = check_config(write(STUCK, "stuck.yaml"), ignoring)
    again = report_saved().runs[0]
    assert run.history is not None
    assert run.history.epochs_done == 3
    assert again.findings == run.findings == ()


def test_saved_run_cannot_be_given_another_training(write: Write) -> None:
    with pytest.raises(UsageError, match=r"optimizer.lr=1 cannot change"):
        report_saved(None, CheckOptions(overrides=("optimizer.lr=1",)))
    with pytest.raises(RunFolderError, match="no saved runs"):
        report_saved()


def test_place_that_cannot_be_written_is_a_note(write: Write, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    report = check_many([write(GOOD)], CheckOptions(run_dir=tmp_path / "file" / "runs"))
    assert report.exit_code == 0
    assert report.runs[0].run_dir is None
    assert report.runs[0].history is not None
    assert "cannot be saved" in report.runs[0].history.notes[-1]
    assert report.runs[0].coverage is not None
    assert "cannot be saved" in report.runs[0].coverage.note


def test_config_that_is_refused_leaves_no_folder(write: Write) -> None:
    check_config(write(GOOD.replace("out_features: 3}", "out_features: 3, in_features: 4}")))
    assert not Path(".gradcheck").exists()


def test_several_configs_are_all_reported_and_equal_in_parallel(write: Write) -> None:
    names = [write(GOOD), write(STUCK, "stuck.yaml"), write("model: 3\n", "wrong.yaml")]
    one = check_many(names, UNSAVED)
    two = check_many(names, UNSAVED, jobs=2)
    assert one.exit_code == two.exit_code == 2
    assert [run.status for run in one.runs] == [RunStatus.COMPLETED, RunStatus.COMPLETED, RunStatus.FAILED]
    for left, right in zip(one.runs, two.runs, strict=True):
        assert left.findings == right.findings
        assert left.harm == right.harm
        assert left.errors == right.errors
        assert histories_equal(timeless(left), timeless(right))


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_run_is_announced_when_it_is_done(write: Write, jobs: int) -> None:
    names = [write(GOOD), write("model: 3\n", "wrong.yaml")]
    seen: list[str] = []
    check_many(names, UNSAVED, jobs=jobs, on_finished=lambda run: seen.append(run.config))
    assert seen == names


def timeless(run: RunReport) -> object:
    """The history without what the clock gave it."""
    history = run.history
    if history is None or history.epochs is None:
        return history
    epochs = replace(history.epochs, seconds=history.epochs.seconds * 0)
    return replace(history, seconds=0.0, epochs=epochs)


def test_fault_of_ours_in_one_config_does_not_cost_the_others(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("gradcheck_cli.training.run.train", crash)
    report = check_many([write(GOOD), write("model: 3\n", "wrong.yaml")], UNSAVED)
    assert [run.status for run in report.runs] == [RunStatus.FAILED, RunStatus.FAILED]
    assert "ZeroDivisionError: ours" in report.runs[0].errors[0].message
    with pytest.raises(ZeroDivisionError):
        check_many(["good.yaml"], UNSAVED)


def test_interruption_ends_the_command_and_is_still_judged(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted = make_history(status=RunStatus.INTERRUPTED)
    monkeypatch.setattr("gradcheck_cli.training.run.train", lambda *_, **__: interrupted)
    report = check_many([write(GOOD), write(STUCK, "stuck.yaml")], UNSAVED)
    assert report.exit_code == 130
    assert [run.config for run in report.runs] == ["good.yaml"]
    assert report.runs[0].rules


def test_interruption_of_processes_side_by_side_keeps_what_was_done(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(calls: Sequence[Callable[[], RunReport]], **_: object) -> Iterator[RunReport]:
        yield calls[0]()
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcheck_cli.diagnosis.check.run_in_parallel", interrupt)
    names = [write("model: 3\n", "wrong.yaml"), write(GOOD)]
    report = check_many(names, UNSAVED, jobs=2)
    assert report.exit_code == 130
    assert [run.config for run in report.runs] == ["wrong.yaml"]
    assert report.notes == ("Interrupted: 1 of 2 configs were checked.",)


def test_interruption_before_anything_was_done_is_passed_on(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> Iterator[RunReport]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("gradcheck_cli.diagnosis.check.run_in_parallel", interrupt)
    with pytest.raises(KeyboardInterrupt):
        check_many([write(GOOD), write(STUCK, "stuck.yaml")], UNSAVED, jobs=2)


def test_time_limit_of_a_run_is_an_error_with_what_shows_without_training(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object, **__: object) -> None:
        while True:
            pass

    monkeypatch.setattr("gradcheck_cli.training.run.train", train)
    run = check_config(write(SQUASHED), replace(UNSAVED, timeout=0.05))
    assert run.status is RunStatus.FAILED
    assert codes(run) == ["GC501"]
    (problem,) = run.errors
    assert (problem.line, problem.is_of_config) == (None, False)
    assert {result.status for result in run.rules if result.rule == "GC001"} == {RuleStatus.PASSED}


def test_process_that_is_killed_is_named_and_the_others_are_done(write: Write) -> None:
    names = [write("model: 3\n", "wrong.yaml"), write(GOOD), write("model: 4\n", "other.yaml")]
    calls = [partial(lint_config, names[0]), partial(die, names[1]), partial(lint_config, names[2])]
    lost: list[int] = []

    def report_lost(index: int) -> RunReport:
        lost.append(index)
        return lint_config(names[index])

    runs = list(run_in_parallel(calls, jobs=2, on_lost=report_lost))
    assert lost == [1]
    assert [run.config for run in runs] == names


def die(_: str) -> RunReport:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_lint_judges_what_shows_without_training(write: Write) -> None:
    report = lint_many([write(SQUASHED), write(GOOD, "other.yaml")])
    assert report.exit_code == 0
    assert [codes(run) for run in report.runs] == [["GC501"], []]
    assert lint_many(["good.yaml"], CheckOptions(fail_on="warning")).exit_code == 1
    assert report.runs[0].status is RunStatus.LINTED
    assert report.runs[0].findings[0].path == "model.layers[3]"


def test_folder_with_other_yaml_files_says_how_many_were_passed_over(write: Write) -> None:
    write(GOOD)
    write("on: push\n", "workflow.yaml")
    report = lint_many(["."])
    assert [run.config for run in report.runs] == ["good.yaml"]
    assert "1 YAML file" in report.notes[0]


def test_lint_and_report_import_no_torch(write: Write) -> None:
    check_config(write(GOOD))
    code = (
        "import sys\nfrom gradcheck_cli.diagnosis.check import lint_many, report_saved\n"
        "lint_many(['good.yaml']); report_saved()\nassert 'torch' not in sys.modules and 'joblib' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(root)})


def test_summary_of_a_config(write: Write) -> None:
    pytest.importorskip("gradcheck_cli.training.summary")
    config, description = summarize_config(write(GOOD), overrides=("seed=3",))
    assert config.seed == 3
    assert [layer.output_shape for layer in description.layers] == [(16,), (16,), (3,)]
    with pytest.raises(ConfigError):
        summarize_config(write("model: 3\n", "wrong.yaml"))
