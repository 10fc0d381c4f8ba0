from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from gradcheck_cli.diagnosis.check import CheckOptions, check_many
from gradcheck_cli.diagnosis.refusal import blame, is_explained
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.recording.refused_network import RefusedNetworkError, described
from gradcheck_cli.rules.base import Severity
from tests.histories import make_description, make_finding

CONFIG = """
data: DATA
model:
  layers: [{type: Linear, out_features: 16}, ReLU, {type: Linear, out_features: OUT}LAST]
loss: LOSS
optimizer: {type: Adam, lr: 1e-3}
trainer: {epochs: 2}
"""
ROWS = "a,b,y\n" + "".join(f"{i},{i % 3},{['red', 'green', 'blue'][i % 3]}\n" for i in range(30))


def check(tmp_path: Path, *, data: str, out: int, loss: str, last: str = "") -> Report:
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    path = tmp_path / "network.yaml"
    text = CONFIG.replace("DATA", data).replace("OUT", str(out)).replace("LOSS", loss).replace("LAST", last)
    path.write_text(text, encoding="utf-8")
    return check_many([str(path)], CheckOptions(save=False))


@pytest.mark.parametrize(
    ("data", "out", "loss", "last", "code"),
    [
        ("{type: wine}", 2, "CrossEntropyLoss", "", "GC502"),
        ("{type: wine}", 2, "CrossEntropyLoss", ", {type: Dropout, p: 0.1}", "GC502"),
        ("{type: csv, path: rows.csv, target: y}", 2, "CrossEntropyLoss", "", "GC502"),
        ("{type: diabetes}", 3, "MSELoss", "", "GC502"),
        ("{type: breast_cancer, standardize: true}", 1, "BCELoss", "", "GC501"),
    ],
)
def test_refused_network_carries_the_finding_that_explains_it(
    data: str, out: int, loss: str, last: str, code: str, tmp_path: Path
) -> None:
    report = check(tmp_path, data=data, out=out, loss=loss, last=last)
    (run,) = report.runs
    assert run.status is RunStatus.FAILED
    assert run.errors
    assert run.findings[0].rule == code
    assert run.findings[0].severity is Severity.ERROR
    assert run.findings[0].fixes
    assert report.exit_code == 1


def test_refusal_that_no_finding_explains_could_not_be_done(tmp_path: Path) -> None:
    report = check(
        tmp_path,
        data="{type: wine}",
        out=3,
        loss="CrossEntropyLoss",
        last=", {type: Conv2d, out_channels: 2, kernel_size: 3}",
    )
    assert report.runs[0].status is RunStatus.FAILED
    assert report.exit_code == 2


def test_only_what_stands_at_the_same_place_is_blamed() -> None:
    here = make_finding("GC501", path="model.layers[2]", severity=Severity.WARNING)
    elsewhere = make_finding("GC506", path="optimizer.lr", severity=Severity.WARNING)
    problem = Problem("model.layers[2]", "torch refuses it")
    raised = blame([elsewhere, here], [problem])
    assert [(finding.rule, finding.severity) for finding in raised] == [
        ("GC501", Severity.ERROR),
        ("GC506", Severity.WARNING),
    ]
    assert is_explained(problem, raised)
    assert not is_explained(problem, [here])
    assert not is_explained(Problem("model.layers[0]", "torch refuses it"), raised)


def test_loss_that_is_refused_is_explained_by_the_output_layer() -> None:
    output = make_finding("GC501", path="model.layers[2]", severity=Severity.WARNING)
    other = make_finding("GC506", path="optimizer.lr", severity=Severity.WARNING)
    raised = blame([other, output], [Problem("loss.weight", "torch refuses it")])
    assert [finding.severity for finding in raised] == [Severity.ERROR, Severity.WARNING]


def test_ceiling_holds() -> None:
    spare = make_finding("GC502", path="model", severity=Severity.WARNING, ceiling=Severity.WARNING)
    assert blame([spare], [Problem("model", "torch refuses it")])[0].severity is Severity.WARNING


def test_refusal_gets_the_description_once() -> None:
    inner, outer = make_description(name="inner"), make_description(name="outer")
    with pytest.raises(RefusedNetworkError) as caught, described(outer), described(inner):
        raise ModelError([Problem("model", "no")])
    assert caught.value.description.name == "inner"
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems
    assert again.description == inner
