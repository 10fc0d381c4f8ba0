"""Tests of the commands with nothing replaced: a small config is read, trained, reported again and summed up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradcheck_cli.cli.app import run

CONFIG = """\
data: {type: iris, standardize: true}
model:
  weight_init: kaiming_normal_
  layers:
    - {type: Linear, out_features: 16, name: first}
    - ReLU
    - {type: Linear, out_features: 3, name: head}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1, momentum: 0.9}
trainer: {epochs: 30, batch_size: 16}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("iris.yaml").write_text(CONFIG, encoding="utf-8")
    return "iris.yaml"


def test_check_saves_a_run_that_report_shows_again(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", config, "--quiet"]) == 0
    checked = capsys.readouterr()
    assert checked.out.startswith("✓ iris: nothing to report")
    assert checked.err == ""
    assert run(["report"]) == 0
    assert capsys.readouterr().out == checked.out


def test_the_same_figures_in_json(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", config, "--no-save", "--epochs", "2", "--output-format", "json"]) in {0, 1}
    captured = capsys.readouterr()
    entry = json.loads(captured.out)["runs"][0]
    assert (entry["config"], entry["epochs"], entry["run_dir"]) == (config, 2, None)
    assert entry["losses"]["best_epoch"] in {1, 2}
    assert "iris: training" in captured.err


def test_lint_quotes_the_line_of_each_problem(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(config).write_text(CONFIG.replace("ReLU", "RelU").replace("SGD", "SDG"), encoding="utf-8")
    assert run(["lint", config]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "✗ iris could not be read: 2 problems"
    assert "    6 │     - RelU" in lines
    assert any("did you mean 'SGD'?" in line for line in lines)


def test_lint_quotes_broken_yaml(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(config).write_text("model: [1\n", encoding="utf-8")
    assert run(["lint", config]) == 2
    assert "    1 │ model: [1" in capsys.readouterr().out


def test_one_config_that_cannot_be_read_does_not_hide_the_others(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lint", "missing.yaml", config, "--output-format", "concise"]) == 2
    assert "missing.yaml" in capsys.readouterr().out


def test_summary_shows_layers_and_totals(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["summary", config]) == 0
    out = capsys.readouterr().out
    assert "3 layers, 131 parameters" in out
    assert "kaiming_normal_" in out
    assert "1.41" in out


def test_summary_in_json(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["summary", config, "--output-format", "json", "--seed", "3"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["totals"] == {"layers": 3, "parameters": 131, "trainable": 131}
    assert document["config"]["seed"] == 3


def test_summary_of_a_config_that_cannot_be_read(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["summary", config, "--set", "loss=Cross"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{config}:8:" in captured.err
    assert "    8 │ loss: CrossEntropyLoss" in captured.err


def test_a_run_that_does_not_exist_is_named(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "nothing"]) == 2
    assert "gradcheck check" in capsys.readouterr().err
