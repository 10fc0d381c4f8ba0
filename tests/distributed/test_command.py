"""`torchrun -m gradcheck_cli check`: one report, clear failures, no hanging."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradcheck_cli.cli.app import run
from tests.distributed.launching import launch

OWN = """
data: {type: python, factory: "tests.own_networks:rows", args: {n: 120}, task: classification}
model: {factory: "tests.own_networks:deep", args: {depth: 8, width: 4}}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 0.001}
trainer: {epochs: 8, batch_size: 30}
"""


def write(folder: Path, text: str) -> str:
    path = folder / "own.yaml"
    path.write_text(text)
    return str(path)


def test_two_processes_report_once_what_one_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path, OWN)
    arguments = ["check", config, "--allow-import", "tests", "--output-format", "json"]
    assert run([*arguments, "--no-save", "-q"]) == 1
    alone = json.loads(capsys.readouterr().out)["runs"][0]
    done = launch("gradcheck_cli", *arguments, "--run-dir", str(tmp_path / "runs"), "--fail-on", "never")
    assert done.returncode == 0, done.stderr
    together = json.loads(done.stdout)["runs"][0]
    assert [(one["rule"], one["severity"], one["layers"]) for one in together["findings"]] == [
        (one["rule"], one["severity"], one["layers"]) for one in alone["findings"]
    ]
    assert together["findings"]
    assert together["metric"] == pytest.approx(alone["metric"])
    assert done.stderr.count("own: training") == 1
    assert len(list((tmp_path / "runs").glob("own-*"))) == 1


def test_a_process_that_fails_alone_ends_the_job_with_its_reason(tmp_path: Path) -> None:
    done = launch("gradcheck_cli", "check", fails(tmp_path, ranks=[1]), "--allow-import", "tests", "--no-save")
    assert done.returncode == 1
    assert "process 1 of 2 failed: model: torch refuses a training batch: this process is out of luck" in flat(
        done.stderr
    )
    assert "internal error" not in done.stderr


def test_what_all_processes_fail_at_is_reported_once(tmp_path: Path) -> None:
    done = launch("gradcheck_cli", "check", fails(tmp_path, ranks=[0, 1]), "--allow-import", "tests", "--no-save")
    assert done.returncode == 1
    assert flat(done.stdout + done.stderr).count("this process is out of luck") == 1
    assert "own could not be trained" in done.stdout


def fails(folder: Path, *, ranks: list[int]) -> str:
    return write(folder, OWN.replace(":deep", ":fails_in").replace("depth: 8, width: 4", f"ranks: {ranks}"))


def flat(text: str) -> str:
    """Without the breaks between lines."""
    return " ".join(text.split())
