"""No verdict hangs on a name: of the file, the config, the data source, a column or a layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.config.document import Document
from gradcheck_cli.config.schema import Config
from gradcheck_cli.diagnosis.check import CheckOptions, check_config
from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.diagnosis.report import RuleStatus, RunReport
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Finding, Severity

RUNS = {
    "vanishes": """
data: {type: iris, standardize: true}
model:
  layers:
    - {repeat: 7, layers: [{type: Linear, out_features: 16, name: fc}, Sigmoid]}
    - {type: Linear, out_features: 3, name: head}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.05}
trainer: {epochs: 12, batch_size: 16}
""",
    "overfits": """
data: {type: wine, standardize: true, val_fraction: 0.6, label_noise: 0.5}
model:
  layers: [{repeat: 2, layers: [{type: Linear, out_features: 128}, Tanh]}, {type: Linear, out_features: 3}]
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1, momentum: 0.9}
trainer: {epochs: 80, batch_size: 16}
""",
    "explodes": """
data: {type: wine}
model:
  weight_init: {type: normal_, std: 1.0}
  layers: [{repeat: 5, layers: [{type: Linear, out_features: 40}, ReLU]}, {type: Linear, out_features: 3}]
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1}
trainer: {epochs: 8, batch_size: 16}
""",
    "learns": """
data: {type: breast_cancer, standardize: true}
model: {layers: [{type: Linear, out_features: 16}, ReLU, {type: Linear, out_features: 2}]}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 0.01}
trainer: {epochs: 10, batch_size: 32}
""",
}
HAS_ERROR = {"vanishes": True, "overfits": True, "explodes": True, "learns": False}


@pytest.fixture(scope="module", params=RUNS)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RunReport:
    """Each of the runs, trained once for all tests."""
    path = tmp_path_factory.mktemp("runs") / "network.yaml"
    path.write_text(RUNS[request.param], encoding="utf-8")
    report = check_config(path, CheckOptions(save=False))
    assert any(finding.severity is Severity.ERROR for finding in report.findings) is HAS_ERROR[request.param]
    return report


def test_a_run_under_other_names_gets_the_same_findings(report: RunReport) -> None:
    config, document, history = load(report.document), report.document, report.history
    assert history is not None
    assert document is not None
    for other in (
        judge(rename_run(history), config, document),
        judge(history, rename_config(config), replace(document, source="somewhere/else.yaml")),
        judge(rename_run(history), rename_config(config), replace(document, source="healthy.yaml")),
    ):
        assert [tell(finding) for finding in other.findings] == [tell(finding) for finding in report.findings]
        assert other.harm == report.harm
        assert [rule.status for rule in other.rules] == [rule.status for rule in report.rules]


def test_a_run_with_other_layer_names_gets_the_same_findings(report: RunReport) -> None:
    assert report.history is not None
    names = new_names(report.history)
    same, other = judge(report.history), judge(rename(report.history, names))
    assert all(rule.status is not RuleStatus.CRASHED for rule in other.rules)
    assert [tell(finding, names=names) for finding in same.findings] == [tell(finding) for finding in other.findings]


def load(document: Document | None) -> Config:
    from gradcheck_cli.config.loading import load_config
    from gradcheck_cli.rules.selection import rule_table

    assert document is not None
    return load_config(document, rules=rule_table())


def tell(finding: Finding, names: Mapping[str, str] | None = None) -> tuple[object, ...]:
    """What a finding claims: everything but its words, its place in the file, its fixes and its fingerprint."""
    layers = tuple((names or {}).get(name, name) for name in finding.layers)
    evidence = tuple((e.value, e.limit, e.unit) for e in finding.evidence if not isinstance(e.value, str))
    return finding.rule, finding.severity, finding.first_step, layers, evidence, finding.explains, finding.explained_by


def rename_run(history: History) -> History:
    """Another name for the run; its layers stand at other places of the file."""
    layers = tuple(replace(layer, path=f"elsewhere[{index}]") for index, layer in enumerate(history.description.layers))
    return replace(history, description=replace(history.description, name="healthy_digits", layers=layers))


def rename_config(config: Config) -> Config:
    """Another name for the config, and the same rows from a file."""
    other = replace(config.data, type="csv", arguments={"path": "rows.csv", "target": "y"})
    return replace(config, name="overfitting_wine", data=other)


def new_names(history: History) -> dict[str, str]:
    """Old to new names of layers and of their parameters."""
    layers = {layer.name: f"layer_{index}" for index, layer in enumerate(history.description.layers)}
    parameters = {
        parameter.name: layers[parameter.layer] + parameter.name.removeprefix(parameter.layer)
        for parameter in history.description.parameters
    }
    return {**layers, **parameters}


def rename(value: Any, names: Mapping[str, str]) -> Any:
    """The same value with other names wherever one stands, also in fields that are added to a History later."""
    if isinstance(value, Enum | np.ndarray):
        return value
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {rename(key, names): rename(entry, names) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(rename(entry, names) for entry in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{entry.name: rename(getattr(value, entry.name), names) for entry in fields(value)})
    return value
